import dev.openfeature.contrib.providers.flagd.Config;
import dev.openfeature.contrib.providers.flagd.FlagdOptions;
import dev.openfeature.contrib.providers.flagd.FlagdProvider;
import dev.openfeature.sdk.ImmutableContext;
import dev.openfeature.sdk.OpenFeatureAPI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Evaluates "flag key" lines of a file with Java's flagd provider, and prints the values. */
class Buckets {
  public static void main(String[] args) throws Exception {
    var options = FlagdOptions.builder()
        .resolverType(Config.Resolver.FILE)
        .offlineFlagSourcePath(args[0])
        .deadline(60_000)
        .build();
    var api = OpenFeatureAPI.getInstance();
    api.setProviderAndWait(new FlagdProvider(options));
    var client = api.getClient();
    var values = new StringBuilder();
    for (String line : Files.readAllLines(Path.of(args[1]))) {
      int space = line.indexOf(' ');
      var context = new ImmutableContext(line.substring(space + 1));
      values.append(client.getStringValue(line.substring(0, space), "none", context)).append('\n');
    }
    System.out.write(values.toString().getBytes(StandardCharsets.UTF_8));
    System.out.flush();
    // The provider watches its file on threads that would keep the process alive.
    System.exit(0);
  }
}
