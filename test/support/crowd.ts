// A process that is many clients of a change stream at once, for a benchmark: `crowd.ts PORT COUNT
// reads|stalls SECONDS` opens so many streams, whose heartbeats come every so many seconds, and
// sends "open". To any message it replies "listening", and "heard" when the last of the streams has
// one more event.
import { openRawStream, type RawStream } from './raw-stream.ts';

const [port, count, kind, heartbeatS] = process.argv.slice(2);
const atOnce = 100;
/** An empty line, and the end of a chunk. */
const endOfEvent = Buffer.from('\n\n\r\n');

const streams: RawStream[] = [];
while (streams.length < Number(count)) {
  const few = Math.min(atOnce, Number(count) - streams.length);
  streams.push(
    ...(await Promise.all(
      Array.from({ length: few }, () =>
        openRawStream(Number(port), { reads: kind === 'reads', heartbeatS: Number(heartbeatS) }),
      ),
    )),
  );
}
if (streams.some(({ status }) => status !== 200)) throw new Error('a stream was turned away');

process.on('message', () => {
  process.send?.('listening');
  void Promise.all(streams.map(hears)).then(() => process.send?.('heard'));
});
process.once('disconnect', () => process.exit());
process.send?.('open');

/** Resolves when a stream has a whole event, of which it is the end; no heartbeat is that long. */
async function hears({ socket }: RawStream): Promise<void> {
  await new Promise<void>((resolve) => {
    let length = 0;
    const look = (bytes: Buffer): void => {
      length += bytes.length;
      if (length < 200 || !bytes.subarray(-4).equals(endOfEvent)) return;
      socket.off('data', look);
      resolve();
    };
    socket.on('data', look);
  });
}
