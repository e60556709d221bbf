// `npm run kafka`: a Kafka broker until Ctrl-C, for `KAFKA_BROKERS=… npm
// start` in another terminal.
import { kafka, startKafka } from './kafka.ts';

if (!(await kafka.available())) {
  console.error(`kafka: there is no way to start one here: ${kafka.remedy}`);
  process.exit(1);
}
const broker = await startKafka();
console.log(
  `kafka: ready, Ctrl-C stops it. In another terminal:\n  KAFKA_BROKERS=${broker.brokers} npm start`,
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void broker.close().then(() => process.exit(0)));
}
setInterval(() => {}, 60_000);
