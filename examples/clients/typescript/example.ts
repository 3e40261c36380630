// SPDX-License-Identifier: MIT
// example.ts - a message sent and read by the client that openapi-typescript-codegen makes; docs/clients.md says how.
import { ApiError, Dm } from "./dm";

declare const process: { env: Record<string, string> };

const { SERVER, JOHN, JANE, JOHN_ID, JANE_ID } = process.env;
const connect = (token: string) => new Dm({ BASE: SERVER, HEADERS: { Authorization: `Token ${token}` } });
const john = connect(JOHN);
const jane = connect(JANE);

async function main() {
  const sent = await john.messages.dmSendCreate(Number(JANE_ID), { content: "Hello from TypeScript" });
  console.log("sent", sent.id, sent.direction);
  console.log("unread", (await jane.messages.dmUnreadRetrieve()).count);
  const newest = (await jane.messages.dmConversationsList2(Number(JOHN_ID))).results[0];
  console.log("newest", newest.direction, newest.content, newest.read_at !== null);
  await john.messages.dmSendCreate(Number(JOHN_ID), { content: "to myself" }).catch((refused: ApiError) => {
    console.log("refused", refused.status, refused.body.detail);
  });
  console.log("ticket", (await jane.events.dmEventsTicketCreate()).expires_in);
}

void main();
