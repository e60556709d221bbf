import { connect, type Socket } from 'node:net';

/** A bare HTTP connection that requests the change stream, so that a machine can hold many. */
export interface RawStream {
  readonly socket: Socket;
  /** The status of the response; 0 if the server hung up instead. */
  readonly status: number;
}

/**
 * Requests the change stream; `reads` sets whether the client goes on reading after the first
 * bytes. A heartbeat comes every `heartbeatS`, 15 by default.
 */
export async function openRawStream(
  port: number,
  { reads, heartbeatS = 15 }: { readonly reads: boolean; readonly heartbeatS?: number },
): Promise<RawStream> {
  const socket = connect(port, '127.0.0.1');
  const answer = new Promise<string>((resolve) => {
    socket.once('data', (bytes) => resolve(String(bytes)));
    socket.once('close', () => resolve(''));
    socket.on('error', () => {
      // A connection that is refused or reset closes after this.
    });
  });
  const path = `/api/v1/environments/default/stream?heartbeat=${heartbeatS}`;
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  const [, status = '0'] = /^HTTP\/1\.1 (\d+)/.exec(await answer) ?? [];
  if (reads) socket.resume();
  else socket.pause();
  return { socket, status: Number(status) };
}
