import { describe, expect, test } from '@jest/globals';
import { parseLine } from './parse-line.ts';
import type { Reading } from './reading.ts';

const read = (line: string, wanted: string[] = []): Reading | undefined => parseLine(line, { wanted: new Set(wanted) });

const epoch = (number: number, of?: number, isRunning = false): Pick<Reading, 'epoch'> => ({
  epoch: { number, ...(of === undefined ? {} : { of }), isRunning },
});

test.each<{ name: string; line: string; want: Reading }>([
  {
    name: 'the contract',
    line: 'epoch=3 epochs=10 loss=0.21 accuracy=0.94',
    want: { ...epoch(3, 10), metrics: { loss: 0.21, accuracy: 0.94 } },
  },
  {
    name: 'steps of all',
    line: 'step=450 total_steps=1000 loss=1e-3',
    want: { step: { number: 450, of: 1000, scope: 'unclear' }, metrics: { loss: 0.001 } },
  },
  {
    name: 'a global step beside an epoch',
    line: 'epoch=2 global_step=900 loss=.5',
    want: { ...epoch(2), step: { number: 900, scope: 'whole' }, metrics: { loss: 0.5 } },
  },
  {
    name: 'a share in the value',
    line: 'epoch=3/10 val_acc=91.5%',
    want: { ...epoch(3, 10), metrics: { val_acc: 91.5 } },
  },
  {
    name: 'bars between pairs',
    line: 'Epoch: 3 | Train Loss: 0.10 | Val. Acc: 92.3%',
    want: { ...epoch(3), metrics: { train_loss: 0.1, val_acc: 92.3 } },
  },
  {
    name: 'the usual loop of PyTorch',
    line: 'Epoch [3/10], Step [45/100], Loss: 0.2345',
    want: { ...epoch(3, 10, true), step: { number: 45, of: 100, scope: 'part' }, metrics: { loss: 0.2345 } },
  },
  {
    name: 'the MNIST example of PyTorch',
    line: 'Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.306960',
    want: { ...epoch(1, undefined, true), step: { number: 640, of: 60000, scope: 'part' }, metrics: { loss: 2.30696 } },
  },
  {
    name: 'the test line of that example',
    line: 'Test set: Average loss: 0.0521, Accuracy: 9821/10000 (98%)',
    want: { metrics: { average_loss: 0.0521, accuracy: 0.9821 } },
  },
  {
    name: 'the ImageNet example of PyTorch',
    line: 'Epoch: [0][ 10/5005]\tTime 0.388 ( 1.922)\tLoss 6.9893e+00 (7.0105e+00)\tAcc@1 0.39 ( 0.14)',
    want: {
      ...epoch(0, undefined, true),
      step: { number: 10, of: 5005, scope: 'part' },
      metrics: { loss: 6.9893, 'Acc@1': 0.39 },
    },
  },
  {
    name: 'MXNet',
    line: 'INFO:root:Epoch[3] Train-accuracy=0.954',
    want: { ...epoch(3), metrics: { 'Train-accuracy': 0.954 } },
  },
  {
    name: 'Caffe',
    line: 'I1125 04:15:48.123 17 solver.cpp:218] Iteration 100 (25.1 iter/s, 3.9s/100 iters), loss = 0.31',
    want: { step: { number: 100, scope: 'unclear' }, metrics: { loss: 0.31 } },
  },
  {
    name: 'a TensorFlow estimator',
    line: 'INFO:tensorflow:loss = 0.31, step = 100 (0.5 sec)',
    want: { step: { number: 100, scope: 'unclear' }, metrics: { loss: 0.31 } },
  },
  {
    name: 'PaddlePaddle',
    line: 'step 100/938 [==>...........] - loss: 0.3012 - acc: 0.9131 - ETA: 5s - 6ms/step',
    want: { step: { number: 100, of: 938, scope: 'part' }, metrics: { loss: 0.3012, acc: 0.9131 } },
  },
  {
    name: 'a neural network of scikit-learn',
    line: 'Iteration 12, loss = 0.39521',
    want: { step: { number: 12, scope: 'unclear' }, metrics: { loss: 0.39521 } },
  },
  {
    name: 'a JSON object',
    line: '{"epoch": 3, "total_epochs": 10, "loss": 0.2, "lr": 0.01, "time": 12.5, "note": "warm"}',
    want: { ...epoch(3, 10), metrics: { loss: 0.2, lr: 0.01 } },
  },
  {
    name: 'metrics one level deeper, behind a logger',
    line: 'INFO train: {"step": 7, "metrics": {"loss": 0.2}, "eval": {"auc": 0.9}}',
    want: { step: { number: 7, scope: 'unclear' }, metrics: { loss: 0.2, 'eval.auc': 0.9 } },
  },
  {
    name: 'JSON that is none, as Python writes NaN',
    line: '{"step": 7, "loss": NaN}',
    want: { step: { number: 7, scope: 'unclear' }, metrics: {}, odd: { loss: 'NaN' } },
  },
  {
    name: 'a Python dict',
    line: "{'loss': 0.5, 'grad_norm': inf, 'learning_rate': 5e-05, 'eval_runtime': 0.3, 'epoch': 1.5}",
    want: { ...epoch(1.5), metrics: { loss: 0.5, learning_rate: 5e-5 }, odd: { grad_norm: 'infinite' } },
  },
  {
    name: 'a Python dict of texts',
    line: "{'loss': '0.5', 'epoch': '1.5'}",
    want: { ...epoch(1.5), metrics: { loss: 0.5 } },
  },
  {
    name: 'a round of LightGBM',
    line: "[12]\ttrain's binary_logloss: 0.31\tvalid's auc: 0.9",
    want: { step: { number: 12, scope: 'whole' }, metrics: { train_binary_logloss: 0.31, valid_auc: 0.9 } },
  },
  {
    name: 'a round of an older LightGBM',
    line: "[12] valid_0's l2: 0.5 valid_1's l2: 0.6",
    want: { step: { number: 12, scope: 'whole' }, metrics: { valid_0_l2: 0.5, valid_1_l2: 0.6 } },
  },
  {
    name: 'a round of XGBoost, which counts from 0',
    line: '[11]\ttrain-logloss:0.07567\teval-auc:nan',
    want: { step: { number: 12, scope: 'whole' }, metrics: { 'train-logloss': 0.07567 }, odd: { 'eval-auc': 'NaN' } },
  },
  {
    name: 'Lightning, which counts from 0',
    line: 'Epoch 3: 45%|███ | 45/100 [00:03<00:04, 12.3it/s, v_num=0, train_loss=0.3]',
    want: {
      epoch: { number: 3, isRunning: true, isFromZero: true },
      step: { number: 45, of: 100, scope: 'part' },
      metrics: { train_loss: 0.3 },
    },
  },
  {
    name: 'a bar over epochs, with words behind it',
    line: 'Epochs: 30%|███ | 3/10 [00:03<00:07, 1.20s/it, loss: 0.5, val acc: 0.7]',
    want: { epoch: { number: 3, of: 10, isRunning: false, isFromZero: false }, metrics: { loss: 0.5, val_acc: 0.7 } },
  },
  {
    name: 'a bar of an epoch',
    line: 'Epoch 3/10: 45%|███ | 45/100 [00:03<00:04, 12.3it/s]',
    want: { ...epoch(3, 10, true), step: { number: 45, of: 100, scope: 'part' }, metrics: {} },
  },
  {
    name: 'a bar of anything',
    line: '45%|███ | 45/100 [00:03<00:04, 12.3it/s]',
    want: { step: { number: 45, of: 100, scope: 'bar' }, metrics: {} },
  },
  {
    name: 'numbers as NumPy and PyTorch print them',
    line: 'Epoch 2 loss: tensor(0.25, grad_fn=<NllLossBackward0>), acc: np.float64(0.5).',
    want: { ...epoch(2), metrics: { loss: 0.25, acc: 0.5 } },
  },
  {
    name: 'numbers of NumPy in a dict',
    line: "{'loss': np.float64(0.25), 'epoch': 2}",
    want: { ...epoch(2), metrics: { loss: 0.25 } },
  },
  { name: 'the end of a sentence', line: 'The final loss: 0.5.', want: { metrics: { final_loss: 0.5 } } },
  { name: 'an epoch that begins', line: 'Starting epoch 3 of 10', want: { ...epoch(3, 10, true), metrics: {} } },
  { name: 'an epoch that has ended', line: 'Epoch 3/10 done in 4.2s', want: { ...epoch(3, 10), metrics: {} } },
  { name: 'the first line of an epoch of Keras', line: 'Epoch 3/10', want: { ...epoch(3, 10, true), metrics: {} } },
  {
    name: 'a batch of Keras 2',
    line: '12/12 [==============================] - 1s 8ms/step - loss: 0.31 - val_loss: nan',
    want: { step: { number: 12, of: 12, scope: 'part' }, metrics: { loss: 0.31 }, odd: { val_loss: 'NaN' } },
  },
])('reads $name', ({ line, want }) => expect(read(line)).toEqual(want));

test.each([
  'Downloading: 60%|██████ | 1.80M/3.00M [00:00<00:00, 5.98MB/s]',
  'Validation DataLoader 0: 14%|█▍ | 1/7 [00:00<00:00, 1205.61it/s]',
  'Map: 100%|██████████| 1000/1000 [00:00<00:00, 5000.00 examples/s]',
  '[LightGBM] [Info] Number of positive: 135, number of negative: 165',
  '[LightGBM] [Info] [binary:BoostFromScore]: pavg=0.450000 -> initscore=-0.200671',
  'Step 3/3: loading data',
  'connected to host=10.0.0.1 port=5432 rank=0 pid=17',
  '{"level": "info", "ts": 1764044148.1, "msg": "listening", "port": 8080}',
  '2026-11-25 04:15:48,123 INFO starting',
  'Traceback (most recent call last):',
  '  File "/aimass/code/train.py", line 12, in <module>',
  '{}',
  '{"epoch": ',
  '[1, 2, 3]',
])('is silent about %s', (line) => expect(read(line)).toBeUndefined());

test('a metric of an unknown name counts when it is wanted, or stands beside a position', () => {
  expect(read('usefulness=0.7')).toBeUndefined();
  expect(read('usefulness=0.7', ['usefulness'])).toEqual({ metrics: { usefulness: 0.7 } });
  expect(read('step 4: usefulness=0.7')).toMatchObject({ metrics: { usefulness: 0.7 } });
});

describe('lines that a stranger makes long', () => {
  const long = (text: string): string => text.repeat(Math.ceil(16_384 / text.length));
  test.each([
    long('a'),
    long('a='),
    long('a b '),
    long('epoch '),
    long('epoch[1/2][3/4] '),
    long('1'),
    long('loss: '),
    `${long("{'a': ")}}`,
    `${long('{"a":')}}`,
    `[1]\t${long('a ')}`,
    `${long('1%|')}`,
    long('1%| | 1/2 [00:00<00:00, '),
    `1/2 ${long(' - ')} 1s/step`,
  ])('%#', (line) => {
    const started = performance.now();
    for (let times = 0; times < 20; times += 1) read(line);
    expect(performance.now() - started).toBeLessThan(400);
  });
});
