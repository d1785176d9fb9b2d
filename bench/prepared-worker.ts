/**
 * A worker thread that has its answers ready: requests are read and checked, and answers written, as by the service's
 * own; nothing is worked out between. With it bench/doors.ts measures what the doors cost beside the questions.
 */
import type { Answer } from '../src/contract/answers.js';
import { prepareMessages } from '../src/messages/codec.js';
import { readGiven } from '../src/questions/held.js';
import { render } from '../src/reports/render.js';
import { worker } from '../src/work/work.js';

prepareMessages();

const answer = JSON.parse(Buffer.from(process.env.JSON_ANSWER ?? '', 'base64').toString('utf8')) as Answer;

worker({
  answer(_kind, { snapshot }, { byDigest }) {
    readGiven(snapshot, byDigest);
    return answer;
  },
  render,
});
