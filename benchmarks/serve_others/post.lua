-- One line for the benchmark: requests, seconds, p50 and p99 in milliseconds, answers that are not 2xx, broken connections.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["X-API-Key"] = os.getenv("KEY")
wrk.body = io.open(os.getenv("BODY")):read("*a")

done = function(summary, latency, requests)
  local e = summary.errors
  io.stderr:write(string.format("%d %f %f %f %d %d\n", summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, e.status, e.connect + e.read + e.write + e.timeout))
end
