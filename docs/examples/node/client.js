// Sign in with an API key, list users, publish an event and receive it from the stream.

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";

import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const DEADLINE_MS = 10_000;
const EVENT_TYPE = "report.created";
const DESCRIPTORS = new URL("../../../protos/gen/libral/descriptors.binpb", import.meta.url);

// From descriptors, fields have the names of the contract (`page_size`) and a map is an array of
// entries with `key` and `value`.
const { libral } = grpc.loadPackageDefinition(
  loader.loadFileDescriptorSetFromBuffer(readFileSync(DESCRIPTORS), { longs: Number, enums: String }),
);

const channel = (target) => [target, grpc.credentials.createInsecure()];
const auth = new libral.users.v1.AuthService(...channel(process.env.LIBRAL_USERS_TARGET));
const users = new libral.users.v1.UserService(...channel(process.env.LIBRAL_USERS_TARGET));
const events = new libral.events.v1.EventService(...channel(process.env.LIBRAL_EVENTS_TARGET));

// Make a unary call with a deadline. Return a promise of its response.
function call(client, method, request, metadata = new grpc.Metadata()) {
  const options = { deadline: Date.now() + DEADLINE_MS };
  return promisify(client[method]).call(client, request, metadata, options);
}

// Return the metadata that authorizes calls, valid for 15 minutes.
async function signIn(secret) {
  const { access_token: token } = await call(auth, "exchangeApiKey", { secret });
  const metadata = new grpc.Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  return metadata;
}

// Print the login of each user, page by page.
async function listUsers(metadata) {
  let pageToken = "";
  do {
    const page = await call(users, "listUsers", { page_size: 100, page_token: pageToken }, metadata);
    for (const user of page.users) {
      console.log(`user ${user.login}`);
    }
    pageToken = page.next_page_token;
  } while (pageToken);
}

// Open a stream behind the newest event, publish an event and print what arrives.
async function followEvents(metadata) {
  const { head_position: after } = await call(events, "getEventStats", {}, metadata);
  const stream = events.streamEvents({ after, types: [EVENT_TYPE] }, metadata);
  const received = once(stream, "data");
  await publishEvent(metadata);
  const [event] = await received;
  stream.on("error", () => {}); // A cancelled stream ends with the status CANCELLED.
  stream.cancel();
  const data = Object.fromEntries(
    event.data.fields.map(({ key, value }) => [key, value.string_value]),
  );
  console.log(`received ${event.type} at ${event.position}: ${JSON.stringify(data)}`);
}

// Publish an event. A retry with the same id does not append it twice.
async function publishEvent(metadata) {
  const now = Date.now();
  const event = {
    id: randomUUID(),
    type: EVENT_TYPE,
    source: "reports",
    category: "SYSTEM",
    time: { seconds: Math.floor(now / 1000), nanos: (now % 1000) * 1_000_000 },
    data: { fields: [{ key: "format", value: { string_value: "csv" } }] },
  };
  const response = await call(events, "appendEvents", { events: [event] }, metadata);
  console.log(`published at ${response.positions[0]}`);
}

const metadata = await signIn(process.env.LIBRAL_API_KEY);
await listUsers(metadata);
await followEvents(metadata);
for (const client of [auth, users, events]) {
  client.close();
}
