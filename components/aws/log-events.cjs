"use strict";

// The function between CloudWatch Logs and the log store. Firehose hands it batches of log events, gzip, as CloudWatch
// Logs sends them; OpenSearch takes one document in a record. So each event goes back into the stream as a record of
// its own, and the batch is dropped; what is no batch has been here before and passes.
// What fails goes to the bucket of failed records as it came.

const { gunzipSync } = require("node:zlib");
// Part of the runtime: docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html
const { FirehoseClient, PutRecordBatchCommand } = require("@aws-sdk/client-firehose");

// PutRecordBatch takes no more: docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html
const mostRecords = 500;
const mostBytes = 4 * 1024 * 1024;
const attempts = 5;
const firstPauseMilliseconds = 100;

const client = new FirehoseClient();

exports.handler = async ({ records }) => {
  // Not from what it is invoked with: its stream is its own.
  const { DELIVERY_STREAM: stream = "" } = process.env;
  const results = [];
  // One after the other: the stream takes a limited number of records in a second.
  for (const record of records) results.push(await resultOf(stream, record));
  return { records: results };
};

async function resultOf(stream, { recordId, data }) {
  const bytes = Buffer.from(data, "base64");
  if (!isGzip(bytes)) return { recordId, result: "Ok", data };
  try {
    const documents = documentsOf(JSON.parse(gunzipSync(bytes).toString("utf8")));
    for (const batch of batchesOf(documents)) await send(stream, batch);
    return { recordId, result: "Dropped", data };
  } catch (error) {
    console.error("could not split a record", recordId, error);
    return { recordId, result: "ProcessingFailed", data };
  }
}

function isGzip(bytes) {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** CloudWatch Logs also sends messages that only try the way: they hold no events of anybody. */
function documentsOf({ messageType, logGroup, logStream, logEvents }) {
  if (messageType === "CONTROL_MESSAGE") return [];
  return logEvents.map(({ id, timestamp, message }) =>
    // The message stays a text: audit events as objects would give an index thousands of fields.
    Buffer.from(
      JSON.stringify({
        "@timestamp": new Date(timestamp).toISOString(),
        log_group: logGroup,
        log_stream: logStream,
        event_id: id,
        message,
      }),
    ),
  );
}

/** @param {Buffer[]} documents */
function batchesOf(documents) {
  /** @type {Buffer[][]} */
  const batches = [];
  let bytes = 0;
  for (const document of documents) {
    const last = batches.at(-1);
    if (last && last.length < mostRecords && bytes + document.length <= mostBytes) {
      last.push(document);
      bytes += document.length;
    } else {
      batches.push([document]);
      bytes = document.length;
    }
  }
  return batches;
}

/**
 * Sends again what the stream was too busy for.
 *
 * @param {string} stream
 * @param {Buffer[]} documents
 */
async function send(stream, documents) {
  let left = documents;
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (attempt > 0) await pause(firstPauseMilliseconds * 2 ** attempt);
    const { RequestResponses } = await client.send(
      new PutRecordBatchCommand({
        DeliveryStreamName: stream,
        Records: left.map((Data) => ({ Data })),
      }),
    );
    left = left.filter((_document, i) => RequestResponses[i].ErrorCode !== undefined);
    if (left.length === 0) return;
  }
  throw new Error(`the stream refused ${left.length} of ${documents.length} events`);
}

function pause(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
