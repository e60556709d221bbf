import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Signs and verifies marks, written from docs/mark-format.md with the standard library alone. */
public class Marks {
  private static final long SKEW_SECONDS = 30;
  private static final Pattern SEAL =
      Pattern.compile("1\\.([0-9]{1,6})\\.([1-9][0-9]{0,11})\\.([\\w~-]+)\\.([\\w~-]+)\\.([\\w-]{43})");

  record Subject(
      String keyId, String secret, String audience, String expiry, String laneKey, String lane, String pins) {

    String signature() throws Exception {
      String kind = pins.isEmpty() ? "lane" : "pins";
      String input =
          String.join(".", "graylane", "1", kind, escape(audience), expiry, escape(keyId), escape(laneKey), escape(lane));
      if (!pins.isEmpty()) input += "." + pins;
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(HexFormat.of().parseHex(secret), "HmacSHA256"));
      byte[] digest = mac.doFinal(input.getBytes(StandardCharsets.UTF_8));
      return Base64.getUrlEncoder().withoutPadding().encodeToString(digest);
    }

    String seal() throws Exception {
      return String.join(".", "1", "0", expiry, escape(keyId), escape(audience), signature());
    }

    String verify(String seal, long now) throws Exception {
      Matcher parts = SEAL.matcher(seal);
      if (!parts.matches()) return "forged";
      if (!parts.group(3).equals(escape(keyId)) || !parts.group(4).equals(escape(audience))) return "forged";
      String expected = new Subject(keyId, secret, audience, parts.group(2), laneKey, lane, pins).signature();
      byte[] offered = parts.group(5).getBytes(StandardCharsets.US_ASCII);
      if (!MessageDigest.isEqual(offered, expected.getBytes(StandardCharsets.US_ASCII))) return "forged";
      return Long.parseLong(parts.group(2)) + SKEW_SECONDS < now ? "expired" : "valid";
    }
  }

  static String escape(String field) {
    StringBuilder escaped = new StringBuilder();
    for (byte b : field.getBytes(StandardCharsets.UTF_8)) {
      char character = (char) (b & 0xff);
      if (character < 128 && String.valueOf(character).matches("[\\w-]")) escaped.append(character);
      else escaped.append(String.format("~%02x", b & 0xff));
    }
    return escaped.toString();
  }

  public static void main(String[] arguments) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] fields = line.split("\t", -1);
      Subject subject =
          new Subject(fields[1], fields[2], fields[3], fields[4], fields[5], fields[6], fields[7]);
      boolean signs = fields[0].equals("sign");
      System.out.println(signs ? subject.seal() : subject.verify(fields[8], Long.parseLong(fields[9])));
    }
  }
}
