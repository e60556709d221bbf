/** The page of a server that has no console: it was started from sources that are not built. */
export const unbuiltPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>graylane</title>
<h1>The console is not built</h1>
<p>The flag server runs. To build its console, run this in the repository and reload:</p>
<pre>npm run build</pre>
<p>The API needs no console: <a href="/api/v1/openapi.json">/api/v1/openapi.json</a></p>
</html>
`;
