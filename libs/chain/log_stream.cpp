#include "chain/log_stream.hpp"

#include <condition_variable>
#include <mutex>

#include "chain/stream_reader.hpp"

namespace lamda::chain {

namespace {

constexpr Millis kFirstPause{200};
constexpr Millis kMostPause{10'000};
/// Nodes behind one address contradict one another for moments; for longer it is worth telling.
constexpr Millis kContradictionTrouble{10'000};

/// Returns early when stopped.
void pause(const std::stop_token& stop, Millis time) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace

struct LogStream::Impl {
    StreamConfig config;
    telemetry::Log log;
    telemetry::Health& health;
    telemetry::Counter errors;
    StreamReader reader;
    Pacer pacer;
    Backoff backoff{kFirstPause, kMostPause};
    std::string check;
    const Clock& clock;
    std::optional<Steady> waiting_since;

    Impl(StreamConfig c, eth::Rpc& rpc, StreamSink& sink, const Clock& time, telemetry::Log l,
         telemetry::Metrics& metrics, telemetry::Health& h)
        : config(std::move(c)),
          log(std::move(l)),
          health(h),
          errors(metrics.counter("lamda_chain_rpc_errors_total", "Failed looks at the chain",
                                 {{"stream", config.name}})),
          reader(config, rpc, sink, time, log, metrics),
          check("chain:" + config.name),
          clock(time) {
        health.expect(check, "no answer from the chain yet");
    }

    void show() {
        if (!reader.trouble().empty()) {
            set_health(false, reader.trouble());
        } else if (!reader.caught_up()) {
            const auto at = reader.cursor() ? reader.cursor()->number.value : 0;
            health.set(check, false,
                       "at block " + std::to_string(at) + " of " + std::to_string(reader.head().value));
        } else {
            set_health(true, "");
        }
    }

    /// Notes that nodes contradict one another; true when that has lasted.
    bool contradiction_lasts() {
        if (!waiting_since) {
            waiting_since = clock.steady();
        }
        return clock.steady() - *waiting_since > kContradictionTrouble;
    }

    void set_health(bool ok, const std::string& detail) {
        if (health.set(check, ok, detail)) {
            if (ok) {
                log.info("chain stream ready", {{"stream", config.name}});
            } else {
                log.warn("chain stream waits", {{"stream", config.name}, {"reason", detail}});
            }
        }
    }

    Millis after(StreamReader::Progress progress) {
        switch (progress) {
            case StreamReader::Progress::kMoved:
                return Millis{0};
            case StreamReader::Progress::kNewBlock:
                return pacer.after_new_block(reader.interval());
            case StreamReader::Progress::kNothing:
            case StreamReader::Progress::kWaiting:
                return pacer.after_nothing(reader.interval());
        }
        return kLongestPause;
    }

    /// One look at the chain, and how long to wait before the next.
    Millis look() {
        try {
            const auto progress = reader.step();
            backoff.reset();
            if (progress != StreamReader::Progress::kWaiting) {
                waiting_since.reset();
                show();
            } else if (!reader.trouble().empty()) {
                show();
            } else if (contradiction_lasts()) {
                set_health(false, "the node names a head whose blocks it does not show");
            }
            return after(progress);
        } catch (const ConfigContradiction& error) {
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
        } catch (const NotReadyYet& error) {
            if (contradiction_lasts()) {
                set_health(false, error.what());
            }
            return backoff.next();
        } catch (const std::exception& error) {
            errors.add();
            // What the sink did last is not known when its connection broke: load the cursor again.
            reader.forget();
            set_health(false, error.what());
            return backoff.next();
        }
    }
};

LogStream::LogStream(StreamConfig config, eth::Rpc& rpc, StreamSink& sink, const Clock& clock,
                     telemetry::Log log, telemetry::Metrics& metrics, telemetry::Health& health)
    : impl_(std::make_unique<Impl>(std::move(config), rpc, sink, clock, std::move(log), metrics, health)) {}

LogStream::~LogStream() = default;

void LogStream::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        const auto wait = impl_->look();
        if (wait > Millis{0}) {
            pause(stop, wait);
        }
    }
}

}  // namespace lamda::chain
