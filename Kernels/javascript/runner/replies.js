'use strict';

// What the runner says to the driver: frames of the kernel wire, and one of its own.

const fs = require('fs');

const REPLIES = 4;
const RELEASES = 5;
let questions = 0;

exports.BARRIER = 0x01; // all that was written before is to be passed on
exports.BEGUN = 0x02; // from now on a SIGINT ends the cell
exports.SETTLED = 0x03; // from now on no SIGINT may come
const RESULT = 0x84;
const ERROR = 0x85;
const END = 0x8f;

const RESULT_LIMIT = 32 << 20;
const ERROR_TEXT_LIMIT = 1 << 20;
const CUT = '\n… the rest is left out';

// Returns when the whole frame is in the pipe.
exports.say = (kind, payload = Buffer.alloc(0)) => {
  const header = Buffer.alloc(5);
  header.writeUInt32LE(payload.length, 0);
  header.writeUInt8(kind, 4);
  const bytes = Buffer.concat([header, payload]);
  for (let written = 0; written < bytes.length; ) written += fs.writeSync(REPLIES, bytes, written);
};

// Says it and returns when the driver has obeyed: whether it had sent a SIGINT since the last BEGUN. An answer to a
// question whose asker was interrupted is passed over.
exports.ask = (kind) => {
  const question = Buffer.alloc(4);
  const answer = Buffer.alloc(5);
  question.writeUInt32LE(++questions >>> 0);
  exports.say(kind, question);
  do receive(answer);
  while (!answer.subarray(0, 4).equals(question));
  return answer[4] === 1;
};

function receive(answer) {
  try {
    fs.readSync(RELEASES, answer);
  } catch (error) {
    if (error.code !== 'EINTR') throw error;
  }
}

// More than the last value: what is written from now on comes after it.
exports.shown = (data) => {
  exports.result(false, data);
  exports.ask(exports.BARRIER);
};

// A result, or the error that it is too large for the wire.
exports.result = (main, data) => {
  const payload = encodedWithin(RESULT_LIMIT, { main, data });
  if (payload) return exports.say(RESULT, payload);
  exports.error({
    name: 'ResultTooLarge',
    value: `a result is at most ${RESULT_LIMIT} bytes of JSON`,
    traceback: '',
  });
};

exports.error = ({ name, value, traceback }) => {
  const texts = { name: shortened(name), value: shortened(value), traceback: shortened(traceback) };
  exports.say(ERROR, encoded(texts));
};

exports.end = () => exports.say(END);

function encodedWithin(limit, value) {
  try {
    const payload = encoded(value);
    return payload.length <= limit ? payload : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined; // longer than any string can be
    throw error;
  }
}

// Half a surrogate pair is no character of JSON's.
function encoded(value) {
  const whole = (_, item) => (typeof item === 'string' ? item.replace(/\p{Surrogate}/gu, '\ufffd') : item);
  return Buffer.from(JSON.stringify(value, whole));
}

function shortened(text) {
  const bytes = Buffer.from(text);
  if (bytes.length <= ERROR_TEXT_LIMIT) return text;
  return bytes.toString('utf8', 0, ERROR_TEXT_LIMIT - 2 * CUT.length).replace(/\ufffd$/, '') + CUT;
}
