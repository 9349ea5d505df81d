/**
 * What is measured: the one table of all metrics, from which the scrape, its help texts and the page are made.
 *
 * More than 250 lines, because it is one table.
 */

interface Definition {
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
  readonly help: string;
}

/**
 * In the order in which they are shown. A time is a timestamp of the event, not an age: an age looks fresh when whoever
 * updates it hangs.
 */
export const METRICS = {
  headwaiter_build_info: {
    type: "gauge",
    labels: ["version", "node"],
    help: "Always 1. Versions of the agent and of Node.",
  },
  headwaiter_ready: {
    type: "gauge",
    labels: [],
    help: "1 when DNS is served and every pool has a head, else 0.",
  },
  headwaiter_pools_on_demand: {
    type: "gauge",
    labels: [],
    help: "Pools that questions started and that are there; they have no series of their own.",
  },
  headwaiter_pools_on_demand_asked_total: {
    type: "counter",
    labels: ["result"],
    help: "Pools that questions asked for, by what became of them; full: no place was free, failed: Consul gave no answer.",
  },
  headwaiter_pool_ready: {
    type: "gauge",
    labels: ["pool"],
    help: "1 when the pool has a head, else 0.",
  },
  headwaiter_pool_state: {
    type: "gauge",
    labels: ["pool", "state"],
    help: "1 for the state that the pool is in, 0 for the others.",
  },
  headwaiter_head_info: {
    type: "gauge",
    labels: ["pool", "server", "tier"],
    help: "1 for the head of the pool; without a head there is no series.",
  },
  headwaiter_head_changed_timestamp_seconds: {
    type: "gauge",
    labels: ["pool"],
    help: "When the head became the head; 0 without a head.",
  },
  headwaiter_head_changes_total: {
    type: "counter",
    labels: ["pool", "cause"],
    help: "Changes of the head by what caused them; the first head counts, too, and so does losing the last one.",
  },
  headwaiter_servers: {
    type: "gauge",
    labels: ["pool", "tier", "condition"],
    help: "Listed servers. Only the head and the next server are watched; penalised ones failed lately.",
  },
  headwaiter_server_failures_total: {
    type: "counter",
    labels: ["pool", "server"],
    help: "How often the server was found down, or reported as failed. At most 64 servers, the rest is other.",
  },
  headwaiter_server_down_seconds_total: {
    type: "counter",
    labels: ["pool", "server"],
    help: "Seconds from being found down until it was seen to answer again. At most 64 servers, the rest is other.",
  },
  headwaiter_pings_total: {
    type: "counter",
    labels: ["pool", "role", "result"],
    help: "Pings, and connects that failed. A candidate is asked by a search or a rebalance whether it can be head.",
  },
  headwaiter_ping_duration_seconds: {
    type: "histogram",
    labels: ["pool"],
    help: "How long the head and the next server took to answer a ping over the connection that is held.",
  },
  headwaiter_failover_duration_seconds: {
    type: "histogram",
    labels: ["pool"],
    help: "From noticing that the head failed until the answering threads were handed the table with the next one.",
  },
  headwaiter_outages_total: {
    type: "counter",
    labels: ["pool"],
    help: "How often no listed server answered.",
  },
  headwaiter_outage_seconds_total: {
    type: "counter",
    labels: ["pool"],
    help: "Seconds in which no listed server answered.",
  },
  headwaiter_source_up: {
    type: "gauge",
    labels: ["pool", "source"],
    help: "1 when the source's last try succeeded, 0 when it failed or nothing has been heard yet.",
  },
  headwaiter_source_last_success_timestamp_seconds: {
    type: "gauge",
    labels: ["pool", "source"],
    help: "When the source was last heard; 0 before the first time. Of heartbeats and Consul.",
  },
  headwaiter_consul_requests_total: {
    type: "counter",
    labels: ["pool", "result"],
    help: "Requests to Consul by what became of them; ended-early: something on the way ended a query that waited.",
  },
  headwaiter_heartbeats_total: {
    type: "counter",
    labels: ["pool", "result"],
    help: "Heartbeats that were heard or pushed (ok), and servers asked for one in vain (failed).",
  },
  headwaiter_rebalances_total: {
    type: "counter",
    labels: ["pool", "result"],
    help: "Rebalances of two or more servers: the order changed, was kept, or no server answered (failed).",
  },
  headwaiter_next_rebalance_timestamp_seconds: {
    type: "gauge",
    labels: ["pool"],
    help: "When the list is rebalanced next; 0 while that is not known.",
  },
  headwaiter_feedback_total: {
    type: "counter",
    labels: ["pool", "verdict"],
    help: "Reports of programs that a server fails, by what came of them; limited: they came too fast.",
  },
  headwaiter_dns_requests_total: {
    type: "counter",
    labels: ["transport", "type"],
    help: "Questions that got an answer.",
  },
  headwaiter_dns_responses_total: {
    type: "counter",
    labels: ["rcode"],
    help: "Answers by response code.",
  },
  headwaiter_dns_stale_responses_total: {
    type: "counter",
    labels: [],
    help: "Answers from remembered lists: no live source names their head.",
  },
  headwaiter_dns_events_total: {
    type: "counter",
    labels: ["event"],
    help: "What else happened to questions and connections of DNS, see the page.",
  },
  headwaiter_dns_request_duration_seconds: {
    type: "histogram",
    labels: [],
    help: "How long an answer took from reading the question to handing it to the kernel.",
  },
  headwaiter_dns_thread_restarts_total: {
    type: "counter",
    labels: [],
    help: "How often an answering thread was started again because it had died.",
  },
  headwaiter_config_info: {
    type: "gauge",
    labels: ["hash"],
    help: "Always 1. The hash of the configuration that is in use.",
  },
  headwaiter_config_last_reload_successful: {
    type: "gauge",
    labels: [],
    help: "1 when the last reload was taken, or there was none; 0 when its configuration could not be used.",
  },
  headwaiter_config_last_reload_success_timestamp_seconds: {
    type: "gauge",
    labels: [],
    help: "When the configuration that is in use was read.",
  },
  headwaiter_config_reloads_total: {
    type: "counter",
    labels: ["result"],
    help: "Reloads that were taken (applied) or changed nothing (refused).",
  },
  headwaiter_config_restart_needed: {
    type: "gauge",
    labels: [],
    help: "1 while changed settings wait for a restart, else 0.",
  },
  headwaiter_events_dropped_total: {
    type: "counter",
    labels: [],
    help: "Events of the timeline that are not held any more, to make room for later ones.",
  },
  headwaiter_state_file_write_failures_total: {
    type: "counter",
    labels: [],
    help: "Writes of the state file that failed; each is tried again.",
  },
  headwaiter_state_file_last_write_timestamp_seconds: {
    type: "gauge",
    labels: [],
    help: "When the state file was last written; 0 before the first time, and without data_dir.",
  },
  headwaiter_http_requests_total: {
    type: "counter",
    labels: ["route", "code"],
    help: "Answers over HTTP by the pattern of the route and the status; route unknown: there is none.",
  },
  headwaiter_event_loop_delay_max_seconds: {
    type: "gauge",
    labels: [],
    help: "The most by which one of the agent's timers was late on the main thread, in the last one to two minutes.",
  },
  process_resident_memory_bytes: {
    type: "gauge",
    labels: [],
    help: "Resident memory.",
  },
  process_cpu_seconds_total: {
    type: "counter",
    labels: [],
    help: "Processor time of all threads, in user and system mode.",
  },
  process_open_fds: {
    type: "gauge",
    labels: [],
    help: "Open file descriptors.",
  },
  process_max_fds: {
    type: "gauge",
    labels: [],
    help: "The limit of open file descriptors.",
  },
  process_start_time_seconds: {
    type: "gauge",
    labels: [],
    help: "When the process started.",
  },
} as const satisfies Record<string, Definition>;

export type MetricName = keyof typeof METRICS;

/** The labels of a metric, each with a value. */
export type LabelsOf<Name extends MetricName> = Readonly<
  Record<(typeof METRICS)[Name]["labels"][number], string>
>;

/** Names of the metrics of one type. */
export type NameOf<Type extends Definition["type"]> = {
  [Name in MetricName]: (typeof METRICS)[Name]["type"] extends Type ? Name : never;
}[MetricName];
