import { fieldsIn } from './pairs.ts';
import { readFields } from './fields.ts';
import { total, type LineOptions, type Reading } from './reading.ts';

const HEADER = /^Epoch (\d{1,9})\/(\d{1,9})$/;
const BATCH = /^(?:step )?(\d{1,9})\/(\d{1,9}|Unknown|\?)(?= )/;
const PACE = /\d(?:s|ms|us|μs)\/(?:step|epoch|sample)\b/;

/** Reads what Keras prints: `Epoch 3/10` before an epoch, and `45/100 ━━━ 3s 8ms/step - accuracy: 0.91 - loss: 0.31` in it. */
export function parseKeras(line: string, options: LineOptions): Reading | undefined {
  const [, epoch, epochs] = HEADER.exec(line) ?? [];
  if (epoch !== undefined) {
    return { epoch: { number: Number(epoch), of: Number(epochs), isRunning: true }, metrics: {} };
  }
  const [, batch, batches] = BATCH.exec(line) ?? [];
  if (batch === undefined || !PACE.test(line)) return undefined;
  const fields = line.split(' - ').slice(1).flatMap(fieldsIn);
  return readFields(fields, options, { step: { number: Number(batch), ...total(Number(batches)), scope: 'part' } });
}
