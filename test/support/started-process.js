// `started-process.js [http]`: the least that a process of Node does until it is ready; with `http`
// it listens, and responds to every request.
import process from 'node:process';

if (process.argv[2] !== 'http') process.send({ ready: 0 });
else {
  const { createServer } = await import('node:http');
  const server = createServer((_request, response) => response.end('hello'));
  server.listen(0, '127.0.0.1', () => process.send({ ready: server.address().port }));
}
