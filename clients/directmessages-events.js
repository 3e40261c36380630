// SPDX-License-Identifier: MIT
// directmessages-events.js - the events of a directmessages server, for web pages. It needs nothing else.
//
//   const stop = listen({
//     url: "/api/dm/events/",
//     headers: () => ({ Authorization: `Token ${token}` }), // asked before each attempt
//     shared: "user 7",            // optional: tabs of this origin that give the same name have one stream together
//     load() {},                   // load what the page shows: at the start, and when events may have been missed
//     event(name, data) {},        // "message_sent" and the message, and so on; the same may come twice
//     state(live) {},              // whether the stream is open
//     refused(status, detail) {},  // the server does not want to: 401, 403, 404. It is not asked again.
//   });
//
// What load() asks for has all that happened before; events that come while it waits must be kept, and applied after it.
// The stream is resumed by its position, so nothing is missed while the network or the server is away. Tabs share it by
// a Web Lock, which the browser gives to the next tab when one ends, and a BroadcastChannel; both need https or localhost.

const SILENCE_MS = 60_000; // a stream that says nothing for so long is dead: there is a heartbeat every 15 seconds
const LONGEST_WAIT_MS = 15_000;

export function listen(options) {
  const ended = new AbortController();
  const name = `directmessages events 2 ${options.shared}`; // 2: tabs with an older file say other things to one another
  const channel = options.shared && navigator.locks ? new BroadcastChannel(name) : null;
  let position = "", live = null, leads = false, loaded = false, again = { ms: 0, at: 0 };

  /** A note comes from the stream, or from the tab that has it: any of `live`, `load`, `name` with `data`, `position`. */
  function take(note) {
    if (note.live !== undefined && note.live !== live) options.state((live = note.live));
    if (note.load || (note.welcome && !loaded)) {
      loaded = true;
      options.load();
    }
    if (note.reset) loadAgain();
    if (note.name) options.event(note.name, note.data);
    if (note.position) position = note.position;
  }

  /** After a reset: at once, but with growing pauses where one follows another. One load is good for all before it. */
  async function loadAgain() {
    if (again.waits) return;
    const ms = Date.now() - again.at > 2 * LONGEST_WAIT_MS ? 0 : Math.min(2 * again.ms || 500, LONGEST_WAIT_MS);
    again = { ms, waits: true };
    await pause(ms);
    again = { ms, at: Date.now() };
    if (!ended.signal.aborted) take({ load: true });
  }

  const tell = (note) => (channel?.postMessage(note), take(note));

  /** One event of the stream, or a comment. */
  function hear(text) {
    const field = {};
    for (const line of text.split("\n")) {
      const colon = line.indexOf(":");
      if (colon > 0) field[line.slice(0, colon)] = line.slice(colon + 1).trimStart();
    }
    if (field.event === "reset") tell({ reset: true, position: field.id });
    else if (field.event) tell({ name: field.event, data: JSON.parse(field.data), position: field.id });
    else if (field.id) tell({ live: true, load: !position, position: field.id });
  }

  /** Reads the stream until it ends. `beat` is called whenever something has come. */
  async function read(signal, beat) {
    const headers = { ...options.headers?.(), ...(position && { "Last-Event-ID": position }) };
    const response = await fetch(options.url, { headers, signal, cache: "no-store" });
    if (!response.ok) {
      const { detail } = await response.json().catch(() => ({ detail: response.statusText }));
      throw { status: response.status, detail, wait: Number(response.headers.get("Retry-After")) * 1000 };
    }
    if (position) tell({ live: true });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ; ) {
      const { value, done } = await reader.read();
      if (done) return;
      beat();
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      blocks.forEach(hear);
    }
  }

  /** One attempt. Returns whether the stream was open, or what the server said instead. */
  async function attempt() {
    const one = new AbortController();
    const abort = () => one.abort();
    let timer = setTimeout(abort, SILENCE_MS), wasOpen = false;
    try {
      await read(AbortSignal.any([one.signal, ended.signal]), () => {
        wasOpen = true;
        clearTimeout(timer);
        timer = setTimeout(abort, SILENCE_MS);
      });
      return { wasOpen };
    } catch (problem) {
      return problem.status ? problem : { wasOpen };
    } finally {
      clearTimeout(timer);
      abort();
    }
  }

  /** Waits; less if the network comes back, or if somebody looks at the page. */
  function pause(ms) {
    return new Promise((resolve) => {
      const waits = new AbortController(), { signal } = waits;
      const go = () => {
        clearTimeout(timer);
        waits.abort();
        resolve();
      };
      const timer = setTimeout(go, ms);
      addEventListener("online", go, { signal });
      document.addEventListener("visibilitychange", () => document.hidden || go(), { signal });
      ended.signal.addEventListener("abort", go, { signal });
    });
  }

  /** Has the stream, until the page ends or the server refuses. */
  async function lead() {
    leads = true;
    for (let wait = 500; !ended.signal.aborted; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      const result = await attempt();
      if (ended.signal.aborted) break;
      tell({ live: false });
      if ([401, 403, 404].includes(result.status)) {
        ended.abort();
        options.refused(result.status, result.detail);
      } else {
        if (result.wasOpen) wait = 500;
        await pause(result.wait || wait * (0.5 + Math.random() / 2));
      }
    }
    leads = false;
  }

  ended.signal.addEventListener("abort", () => channel?.close());
  if (channel) {
    channel.onmessage = ({ data }) => {
      if (!data.hello) take(data);
      else if (leads && position) channel.postMessage({ welcome: true, live, position });
    };
    navigator.locks.request(name, { signal: ended.signal }, lead).catch(() => {});
    channel.postMessage({ hello: true });
  } else {
    lead();
  }
  setTimeout(() => loaded || ended.signal.aborted || take({ load: true }), 2000); // better old than nothing
  return () => ended.abort();
}
