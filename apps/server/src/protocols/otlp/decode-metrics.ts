import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import type { MetricPoint, PointData } from '../../signals/metric-point.ts';
import { sourceOf, type Attributes, type Source } from '../../signals/source.ts';
import type { TimeSlices } from '../../time-slices.ts';
import { attributesOf } from './attributes.ts';
import { maxBytesAtOnce, type Encoding } from './encoding.ts';
import type { KeyValue } from './gen/graylane/otlp/v1/common_pb.ts';
import {
  ExponentialHistogramDataPointSchema,
  ExponentialHistogramSchema,
  ExportMetricsServiceRequestSchema,
  GaugeSchema,
  HistogramDataPointSchema,
  HistogramSchema,
  MetricSchema,
  NumberDataPointSchema,
  ResourceMetricsSchema,
  ScopeMetricsSchema,
  SummarySchema,
  SumSchema,
} from './gen/graylane/otlp/v1/metrics_pb.ts';
import { exponentialOf, gaugeOf, histogramOf, sumOf } from './point-data.ts';
import { Rejections } from './rejections.ts';
import { millisecondsOf } from './times.ts';

/** The points of an export, and how many others were rejected. */
export interface DecodedMetrics {
  readonly points: readonly MetricPoint[];
  readonly rejections: Rejections;
}

/**
 * Decodes an `ExportMetricsServiceRequest`, a data point at a time.
 * @throws {MalformedExport}
 */
export async function decodeMetrics(
  body: Buffer,
  encoding: Encoding,
  slices: TimeSlices,
): Promise<DecodedMetrics> {
  const decoder = new MetricsDecoder(encoding, slices);
  await decoder.request(body);
  return decoder;
}

const kinds = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const;

class MetricsDecoder implements DecodedMetrics {
  readonly points: MetricPoint[] = [];
  readonly rejections = new Rejections();
  readonly #encoding: Encoding;
  readonly #slices: TimeSlices;

  constructor(encoding: Encoding, slices: TimeSlices) {
    this.#encoding = encoding;
    this.#slices = slices;
  }

  async request(body: Buffer): Promise<void> {
    const { encoded } = await this.#open(ExportMetricsServiceRequestSchema, body, ['resourceMetrics']);
    for (const bytes of encoded.resourceMetrics) await this.#resource(bytes);
  }

  async #resource(bytes: Buffer): Promise<void> {
    if (this.#slices.over) await this.#slices.next();
    const { message, encoded } = await this.#open(ResourceMetricsSchema, bytes, ['scopeMetrics']);
    const resource = attributesOf(message.resource?.attributes ?? []);
    for (const scope of encoded.scopeMetrics) await this.#scope(scope, resource);
  }

  async #scope(bytes: Buffer, resource: Source['resource']): Promise<void> {
    if (this.#slices.over) await this.#slices.next();
    const { message, encoded } = await this.#open(ScopeMetricsSchema, bytes, ['metrics']);
    const source = sourceOf(resource, message.scope?.name ?? '');
    for (const metric of encoded.metrics) await this.#metric(metric, source);
  }

  async #metric(bytes: Buffer, source: Source): Promise<void> {
    if (this.#slices.over) await this.#slices.next();
    const { message, encoded } = await this.#open(MetricSchema, bytes, kinds);
    const metric = { source, name: message.name, unit: message.unit };
    for (const gauge of encoded.gauge) {
      const data = await this.#open(GaugeSchema, gauge, ['dataPoints']);
      await this.#points(metric, NumberDataPointSchema, data.encoded.dataPoints, gaugeOf);
    }
    for (const sum of encoded.sum) {
      const data = await this.#open(SumSchema, sum, ['dataPoints']);
      await this.#points(metric, NumberDataPointSchema, data.encoded.dataPoints, (point) =>
        sumOf(point, data.message),
      );
    }
    for (const histogram of encoded.histogram) {
      const data = await this.#open(HistogramSchema, histogram, ['dataPoints']);
      await this.#points(metric, HistogramDataPointSchema, data.encoded.dataPoints, (point) =>
        histogramOf(point, data.message),
      );
    }
    for (const histogram of encoded.exponentialHistogram) {
      const data = await this.#open(ExponentialHistogramSchema, histogram, ['dataPoints']);
      await this.#points(metric, ExponentialHistogramDataPointSchema, data.encoded.dataPoints, (point) =>
        exponentialOf(point, data.message),
      );
    }
    for (const summary of encoded.summary) {
      const { dataPoints } = (await this.#open(SummarySchema, summary, ['dataPoints'])).encoded;
      const reason = 'summaries are not supported: export a histogram';
      this.rejections.add(metric.name, reason, dataPoints.length);
    }
  }

  async #points<Desc extends DescMessage>(
    metric: Pick<MetricPoint, 'source' | 'name' | 'unit'>,
    schema: Desc,
    encoded: readonly Buffer[],
    dataOf: (point: MessageShape<Desc>) => PointData | string,
  ): Promise<void> {
    for (const bytes of encoded) {
      if (bytes.length > maxBytesAtOnce) {
        this.rejections.add(metric.name, `a point has ${bytes.length} bytes, more than ${maxBytesAtOnce}`);
        continue;
      }
      const point = this.#encoding.decode(schema, bytes);
      const { attributes, startTimeUnixNano, timeUnixNano, flags } = point as unknown as AnyPoint;
      if (timeUnixNano === 0n) this.rejections.add(metric.name, 'a point has no time');
      else if ((flags & noRecordedValue) === 0) {
        const data = dataOf(point);
        const own = attributesOf(attributes);
        const fault = typeof data === 'string' ? data : faultOf(own);
        if (fault !== undefined || typeof data === 'string') this.rejections.add(metric.name, String(fault));
        else {
          const startMs = millisecondsOf(startTimeUnixNano);
          const timeMs = millisecondsOf(timeUnixNano);
          this.points.push({ ...metric, attributes: own, startMs, timeMs, data });
        }
      }
      if (this.#slices.over) await this.#slices.next();
    }
  }

  async #open<Desc extends DescMessage, Field extends string>(
    schema: Desc,
    bytes: Buffer,
    fields: readonly Field[],
  ) {
    return this.#encoding.open(schema, bytes, fields, this.#slices);
  }
}

/** The fields of every kind of data point. */
interface AnyPoint {
  readonly attributes: readonly KeyValue[];
  readonly startTimeUnixNano: bigint;
  readonly timeUnixNano: bigint;
  readonly flags: number;
}

/** The flag of a point that only states that the series has no value now. */
const noRecordedValue = 1;

/** The attributes of a series are kept as long as it reports. */
const maxCharacters = 8192;

function faultOf(attributes: Attributes): string | undefined {
  let characters = 0;
  for (const [key, value] of attributes) characters += key.length + String(value).length;
  if (characters <= maxCharacters) return undefined;
  return `its attributes have ${characters} characters, more than ${maxCharacters}: use fewer or shorter ones`;
}
