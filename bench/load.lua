-- SPDX-License-Identifier: MIT
-- Sends the requests of a file with wrk, and prints the result in one line for bench/run.
--
-- wrk ... -s load.lua URL -- FILE THREADS [once|MS]
-- A line of the file is a request: method, path, token or JWT, Idempotency-Key (- for none), and optionally a body. Each thread of wrk repeats its share of the
-- lines; with "once" it stops after the last one, and wrk ends if there is one thread. MS: each connection rests so many milliseconds after each request.

local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds, nanoseconds; } bench_time; int clock_gettime(int, bench_time *);")
ffi.cdef("int getpid(void); int kill(int, int);")

local CLOCK_MONOTONIC, SIGINT = 1, 2
local threads = {}

local function now()
   local time = ffi.new("bench_time")
   ffi.C.clock_gettime(CLOCK_MONOTONIC, time)
   return tonumber(time.seconds) + tonumber(time.nanoseconds) / 1e9
end

function setup(thread)
   thread:set("number", #threads)
   table.insert(threads, thread)
end

local function read_requests(path, number, count)
   local requests, line_number = {}, 0
   for line in io.lines(path) do
      if line_number % count == number then
         local method, target, token, key, body = line:match("^(%S+) (%S+) (%S+) (%S+) ?(.*)$")
         local scheme = token:find(".", 1, true) and "Bearer " or "Token "
         local headers = { Authorization = scheme .. token }
         if key ~= "-" then
            headers["Idempotency-Key"] = key
         end
         if body == "" then
            body = nil
         else
            headers["Content-Type"] = "application/json"
         end
         table.insert(requests, wrk.format(method, target, headers, body))
      end
      line_number = line_number + 1
   end
   return requests
end

function init(arguments)
   requests = read_requests(arguments[1], number, tonumber(arguments[2]))
   once = arguments[3] == "once"
   alone = arguments[2] == "1"
   sent = 0
   local rest = tonumber(arguments[3])
   if rest then
      function delay()
         return rest
      end
   end
end

-- wrk discards the first request, which it asks for before it starts. So the clock runs from the second.
function request()
   sent = sent + 1
   if once and sent == 2 then
      started = now()
   elseif once and sent > #requests and not stopped then
      stopped = now()
      wrk.thread:stop()
      if alone then
         ffi.C.kill(ffi.C.getpid(), SIGINT)
      end
   end
   return requests[(sent - 1) % #requests + 1]
end

-- wrk sleeps until its time is over, or until SIGINT, so a run that ended early is measured by its threads' clocks.
local function duration(summary)
   local first, last
   for _, thread in ipairs(threads) do
      local stopped = thread:get("stopped")
      if not stopped then
         return summary.duration / 1e6
      end
      first = math.min(first or math.huge, thread:get("started"))
      last = math.max(last or 0, stopped)
   end
   return last - first
end

function done(summary, latency, _)
   local errors = summary.errors
   local sockets = errors.connect + errors.read + errors.write + errors.timeout
   print(string.format("result requests=%d seconds=%.6f p50=%d p99=%d statuses=%d sockets=%d", summary.requests,
      duration(summary), latency:percentile(50), latency:percentile(99), errors.status, sockets))
end
