// `npx tsx test/components/install/kafka.ts`: fetches Apache Kafka from Maven Central, so that no
// test has to wait for it.
import { libraries } from '../services/kafka/download.ts';

await libraries();
