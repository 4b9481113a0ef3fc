import TestRunner from 'jest-runner';

/** Runs test files one after another, whatever number of workers other files may have. */
export default class SerialRunner extends TestRunner {
  isSerial = true;
}
