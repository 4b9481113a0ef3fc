import { readFields } from './fields.ts';
import { fieldsIn } from './pairs.ts';
import type { EpochMark, LineOptions, Reading } from './reading.ts';

const BAR = /^(\d{1,9})\/(\d{1,9}) \[[\d:]{4,12}<[\d:?]{1,12}, ?([^,\]]{1,24})(?:, ([^\]]{0,512}))?\]?/;
const RATE = /(?:it\/s|s\/it|step\/s|s\/step|batch\/s|s\/batch|epoch\/s|s\/epoch)$/;
/** Bars of other work than training. */
const OTHER_WORK =
  /\b(?:valid|validat|validation|validating|val|eval|evaluat|evaluation|evaluating|sanity|test|testing|predict|predicting|infer|inference|download|downloading|map|filter|tokeniz|load|loading)/i;
const EPOCH = /^epochs?\b ?[:=#]? ?\[?(\d{1,9})\]?(?:\/(\d{1,9}))?/i;
const EPOCHS = /^epochs?$/i;

/** Whether a line is a bar, of whatever it may be. */
export const isBar = (line: string): boolean => /%\|.{0,120}\| ?[\d.]+[kMGTP]?\/[\d.]+[kMGTP]? \[/.test(line);

/** Reads a bar of tqdm, with what was set behind it; PyTorch Lightning's are such bars too. */
export function parseBar(line: string, options: LineOptions): Reading | undefined {
  const percent = line.indexOf('%|');
  if (percent < 0) return undefined;
  const rest = line.indexOf('|', percent + 2);
  const [, done, all, rate = '', postfix = ''] = rest < 0 ? [] : (BAR.exec(line.slice(rest + 1).trimStart()) ?? []);
  if (done === undefined || !RATE.test(rate)) return undefined;
  const title = line.slice(Math.max(0, percent - 80), percent).replace(/:? ?\d{1,3}$/, '');
  if (OTHER_WORK.test(title)) return undefined;
  const place = placeOf(title, { done: Number(done), total: Number(all), postfix });
  return readFields(fieldsIn(postfix), options, place);
}

interface Count {
  done: number;
  total: number;
  postfix: string;
}

/** The title says what is counted: `Epoch 3` and `Epoch 3/10` batches of that epoch, `Epochs` epochs, any other anything. */
function placeOf(title: string, { done, total, postfix }: Count): Pick<Reading, 'epoch' | 'step'> {
  if (EPOCHS.test(title)) return { epoch: { number: done, of: total, isRunning: false, isFromZero: false } };
  const [, number, of] = EPOCH.exec(title) ?? [];
  if (number === undefined) return { step: { number: done, of: total, scope: 'bar' } };
  const epoch: EpochMark = {
    number: Number(number),
    ...(of === undefined ? {} : { of: Number(of) }),
    isRunning: true,
    // Only Lightning prints this, and it counts from 0.
    ...(postfix.includes('v_num=') ? { isFromZero: true } : {}),
  };
  return { epoch, step: { number: done, of: total, scope: 'part' } };
}
