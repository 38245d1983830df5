#include "ingest/log_stream.hpp"

#include "core/duration.hpp"
#include "ingest/detail/lease_timeout.hpp"
#include "ingest/detail/progress.hpp"
#include "ingest/detail/stream_reader.hpp"
#include "rpcpool/errors.hpp"
#include "rpcpool/multi_rpc.hpp"

namespace lamda::ingest {

namespace {

constexpr Millis kFirstPause{200};
constexpr Millis kMostPause{10'000};
/// Nodes behind one address contradict one another for moments; a longer contradiction is reported.
constexpr Millis kContradictionReportedAfter{10'000};

constexpr Millis kRememberEvery{10'000};
constexpr Millis kLeasePollInterval{200};

}  // namespace

struct LogStream::Impl {
    StreamConfig config;
    rpcpool::MultiRpc& rpc;
    StreamOptions options;
    telemetry::Log log;
    telemetry::Health& health;
    telemetry::Counter errors;
    telemetry::Counter receipts_refused;
    telemetry::Counter headers_refused;
    rpcpool::Endpoints::RefusedAnswers counted;
    std::string last_refusal;  ///< repeated refusals are logged once
    StreamReader reader;
    rpcpool::Pacer pacer;
    rpcpool::Backoff backoff;
    Progress progress;
    telemetry::Gauge seconds_left;
    std::string check;
    const Clock& clock;
    std::optional<Steady> waiting_since;
    std::optional<Steady> remembered;
    bool active = false;
    LeaseTimeout lease_timeout;
    std::uint64_t answers_seen = 0;

    Impl(StreamConfig c, rpcpool::MultiRpc& r, StreamSink& sink, const Clock& time, telemetry::Log l,
         telemetry::Metrics& metrics, telemetry::Health& h, StreamOptions b)
        : config(std::move(c)),
          rpc(r),
          options(b),
          log(std::move(l)),
          health(h),
          errors(metrics.counter("lamda_chain_rpc_errors_total", "Failed polls of the chain",
                                 {{"stream", config.name}})),
          receipts_refused(metrics.counter("lamda_chain_receipts_refused_total",
                                           "Answers whose receipts are not those of the block's header",
                                           {{"stream", config.name}})),
          headers_refused(metrics.counter("lamda_chain_headers_refused_total",
                                          "Answers whose header has another hash than that of its fields",
                                          {{"stream", config.name}})),
          reader(config, rpc, sink, time, log, metrics),
          backoff(kFirstPause, kMostPause, config.jitter_seed.value_or(std::random_device{}())),
          seconds_left(metrics.gauge("lamda_chain_backfill_left_seconds",
                                     "Estimated time until the stream has caught up; 0: caught up",
                                     {{"stream", config.name}})),
          check("chain:" + config.name),
          clock(time) {
        health.expect(check, "no answer from the chain yet");
    }

    void show() {
        if (!reader.last_error().empty()) {
            set_health(false, reader.last_error());
        } else if (!reader.caught_up()) {
            const auto at = reader.cursor() ? reader.cursor()->number.value : 0;
            health.set(
                check, false,
                "at block " + std::to_string(at) + " of " + std::to_string(reader.head().number.value));
        } else {
            set_health(true, "");
        }
    }

    void report_progress() {
        const auto refused = rpc.endpoints().refused();
        receipts_refused.add(static_cast<double>(refused.receipts - counted.receipts));
        headers_refused.add(static_cast<double>(refused.headers - counted.headers));
        counted = refused;
        if (reader.caught_up() || !reader.cursor()) {
            progress.reset();
            seconds_left.set(0);
            return;
        }
        const auto report = progress.observe(clock.steady(), reader.cursor()->number, reader.head().number,
                                             reader.logs_applied());
        if (report) {
            seconds_left.set(report->left ? std::chrono::duration<double>(*report->left).count() : 0);
            log.info("stream catching up",
                     {{"stream", config.name},
                      {"block", reader.cursor()->number.value},
                      {"of", reader.head().number.value},
                      {"blocks_per_s", static_cast<std::uint64_t>(report->blocks_per_second)},
                      {"logs_per_s", static_cast<std::uint64_t>(report->logs_per_second)},
                      {"left", report->left
                                   ? lamda::to_string(std::chrono::floor<std::chrono::seconds>(*report->left))
                                   : "unknown"}});
        }
    }

    /// Loads endpoint statistics of an earlier run. Best effort.
    void recall() {
        if (options.memory == nullptr) {
            return;
        }
        try {
            rpc.endpoints().recall(options.memory->endpoints());
        } catch (const std::exception& error) {
            log.warn("endpoint statistics not loaded", {{"stream", config.name}, {"reason", error.what()}});
        }
    }
    /// Saves endpoint statistics. Best effort.
    void remember() {
        const auto now = clock.steady();
        if (options.memory == nullptr || reader.head().number.value == 0 ||
            (remembered && now - *remembered < kRememberEvery)) {
            return;
        }
        remembered = now;
        try {
            options.memory->remember(rpc.endpoints().notes(), reader.head().number,
                                     from_unix_seconds(reader.head().timestamp));
        } catch (const std::exception& error) {
            log.warn("endpoint statistics not saved", {{"stream", config.name}, {"reason", error.what()}});
        }
    }

    /// True when this instance may read.
    bool may_read() {
        if (options.lease == nullptr) {
            return true;
        }
        bool held = false;
        try {
            held = options.lease->held();
        } catch (const std::exception& error) {
            set_health(false, error.what());
            return false;
        }
        if (!held && !options.lease->yielded()) {
            set_health(true, "on standby: another instance reads this chain");
        }
        if (held != active) {
            active = held;
            lease_timeout.begin();
            reader.forget();
            log.info(held ? "stream now active (holds the lease)" : "stream now on standby",
                     {{"stream", config.name}});
        }
        return held;
    }

    /// Notes that nodes contradict one another. True when this lasts.
    bool contradiction_lasts() {
        if (!waiting_since) {
            waiting_since = clock.steady();
        }
        return clock.steady() - *waiting_since > kContradictionReportedAfter;
    }

    void set_health(bool ok, const std::string& detail) {
        if (health.set(check, ok, detail)) {
            if (ok) {
                log.info("chain stream ready", {{"stream", config.name}});
            } else {
                log.warn("chain stream waiting", {{"stream", config.name}, {"reason", detail}});
            }
        }
    }

    Millis after(StreamReader::Progress made) {
        switch (made) {
            case StreamReader::Progress::kMoved:
            case StreamReader::Progress::kReading:
                return Millis{0};
            case StreamReader::Progress::kNewBlock:
                return pacer.after_new_block(reader.interval());
            case StreamReader::Progress::kNothing:
            case StreamReader::Progress::kWaiting:
                return pacer.after_nothing(reader.interval());
        }
        return rpcpool::kLongestPause;
    }

    /// Polls the chain once. Returns the pause before the next poll.
    Millis poll_once() {
        try {
            const auto made = reader.step();
            backoff.reset();
            report_progress();
            remember();
            if (made != StreamReader::Progress::kWaiting) {
                waiting_since.reset();
                show();
            } else if (!reader.last_error().empty()) {
                show();
            } else if (contradiction_lasts()) {
                set_health(false, "the node reports a head but does not return its blocks");
            }
            return after(made);
        } catch (const rpcpool::ConfigContradiction& error) {
            set_health(false, error.what());
            throw;
        } catch (const FinalityViolated& error) {
            set_health(false, error.what());
            log.error("finality violated, stream stops", {{"stream", config.name}, {"reason", error.what()}});
            throw;
        } catch (const CursorMoved& error) {
            log.info("another writer moved the cursor", {{"stream", config.name}, {"detail", error.what()}});
            reader.forget();
            return backoff.next();
        } catch (const rpcpool::NotReadyYet& error) {
            if (contradiction_lasts()) {
                set_health(false, error.what());
            }
            return backoff.next();
        } catch (const net::TransportError& error) {
            return unanswered(config.settings.endpoints + ": " + error.what());
        } catch (const rpcpool::ReceiptsRefused& error) {
            rpc.endpoints().last_was_wrong(error);
            log_refusal("receipts refused", error);
            return failed(config.settings.endpoints + ": " + rpc.name() + ": " + error.what());
        } catch (const eth::WrongHeader& error) {
            log_refusal("header refused", error);
            return failed(config.settings.endpoints + ": " + rpc.name() + ": " + error.what() +
                          ". If every endpoint is refused, this chain hashes its headers over other fields: "
                          "set " +
                          config.settings.verify_receipts + "=false to read it without this proof");
        } catch (const eth::BadAnswer& error) {
            return unanswered(config.settings.endpoints + ": " + rpc.name() + ": " + error.what());
        } catch (const eth::RpcError& error) {
            return unanswered(error.what());
        } catch (const std::exception& error) {
            return failed(error.what());
        }
    }

    /// Handles a poll that no endpoint answered. When none answers for long, yields the lease: another
    /// instance may reach endpoints that this one does not.
    Millis unanswered(const std::string& reason) {
        const auto pause = failed(reason);
        if (const auto answers = rpc.endpoints().answers(); answers != std::exchange(answers_seen, answers)) {
            lease_timeout.answered();
        }
        if (options.lease != nullptr && lease_timeout.failed(clock.steady())) {
            log.warn("no endpoint answers; lease yielded", {{"stream", config.name}, {"reason", reason}});
            options.lease->yield();
        }
        return pause;
    }

    void log_refusal(const char* what, const std::exception& error) {
        if (last_refusal != error.what()) {
            last_refusal = error.what();
            log.error(what, {{"stream", config.name}, {"endpoint", rpc.name()}, {"reason", last_refusal}});
        }
    }

    Millis failed(const std::string& reason) {
        errors.add();
        report_progress();
        // The sink's last call may or may not have had its effect: load the cursor again.
        reader.forget();
        set_health(false, reason);
        return backoff.next();
    }
};

LogStream::LogStream(StreamConfig config, rpcpool::MultiRpc& rpc, StreamSink& sink,
                     const telemetry::Context& context, StreamOptions options)
    : impl_(std::make_unique<Impl>(std::move(config), rpc, sink, context.clock, context.log, context.metrics,
                                   context.health, options)) {}

LogStream::~LogStream() = default;

void LogStream::run(const std::stop_token& stop) {
    impl_->recall();
    while (!stop.stop_requested()) {
        const auto wait = impl_->may_read() ? impl_->poll_once() : kLeasePollInterval;
        if (wait > Millis{0}) {
            impl_->clock.sleep(stop, wait);
        }
    }
}

}  // namespace lamda::ingest
