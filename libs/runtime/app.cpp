#include "runtime/app.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <list>
#include <mutex>
#include <set>
#include <thread>

#include "http/server.hpp"
#include "runtime/detail/admin_endpoint.hpp"
#include "runtime/detail/loop_watch.hpp"
#include "runtime/detail/process_limits.hpp"
#include "runtime/detail/service_notification.hpp"
#include "telemetry/shown_text.hpp"

namespace lamda::runtime {

namespace {

constexpr Millis kShortestPause{200};
constexpr Millis kLongestPause{5'000};
constexpr Millis kTick{250};
constexpr Millis kProbeEvery{1'000};
/// After a failed probe: what a start waits for is reported as soon as it is there.
constexpr Millis kFirstProbePause{20};
/// Below the 5 s within which systemd and orchestrators expect the end. In test builds times
/// LAMDA_TEST_PATIENCE: on a loaded machine a loop that ends is not one that hangs.
Millis stop_timeout() {
    constexpr Millis kStopTimeout{4'500};
#ifdef LAMDA_CRASH_POINTS
    const char* factor = std::getenv("LAMDA_TEST_PATIENCE");
    return kStopTimeout * std::max(1, factor == nullptr ? 1 : std::atoi(factor));
#else
    return kStopTimeout;
#endif
}

sigset_t ending_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

}  // namespace

struct App::Impl {
    Impl(std::string name, CommonConfig settings)
        : service(std::move(name)),
          config(std::move(settings)),
          log(service, config.log_level, config.log_format) {}

    struct Named {
        std::string name;
        std::function<void(const std::stop_token&)> body;
    };
    struct Probe {
        std::string name;
        std::function<void()> check;
    };
    struct Running {
        std::string name;
        std::atomic<bool> done{false};
        std::jthread thread;
    };

    std::string service;
    CommonConfig config;
    SystemClock clock;
    telemetry::Log log;
    telemetry::Metrics metrics;
    telemetry::Health health;
    LoopWatch watch;
    std::stop_source stop;

    std::vector<Named> steps;
    std::vector<Named> loops;
    std::vector<Probe> probes;
    std::vector<std::function<void()>> at_stop;
    bool running = false;

    std::mutex mutex;
    std::condition_variable changed;
    bool stopping = false;
    int status = 0;
    std::set<std::string> logged_checks;  ///< under mutex: checks logged so far
    std::list<Running> threads;           ///< under mutex; a list, so that elements keep their address

    void request_stop(int exit_status, const std::string& why);
    void start(const std::string& name, std::function<void()> body);
    bool attempt(const Named& named, Millis& wait);
    void run_steps_then_loops();
    void run_loop(const Named& loop);
    void run_probes();
    void set_check(const std::string& name, bool ok, const std::string& detail);
    void report_to_service_manager(bool& notified_ready);
    void report_until_stopping();
    void end_in_time(const std::stop_token& finished);
    void join_threads();
};

void App::Impl::request_stop(int exit_status, const std::string& why) {
    {
        const std::lock_guard lock(mutex);
        if (stopping) {
            return;
        }
        stopping = true;
        status = exit_status;
    }
    log.info("stopping", {{"because", why}});
    stop.request_stop();
    changed.notify_all();
}

void App::Impl::start(const std::string& name, std::function<void()> body) {
    const std::lock_guard lock(mutex);
    Running& entry = threads.emplace_back();
    entry.name = name;
    entry.thread = std::jthread([&entry, run = std::move(body)] {
        run();
        entry.done = true;
    });
}

void App::Impl::set_check(const std::string& name, bool ok, const std::string& detail) {
    bool fresh = false;
    {
        const std::lock_guard lock(mutex);
        fresh = logged_checks.insert(name).second;
    }
    // Checks start as not ok: the first failure is logged although it is no change.
    if (!health.set(name, ok, detail) && !fresh) {
        return;
    }
    if (ok) {
        log.info("check passes", {{"check", name}});
    } else {
        log.warn("check fails", {{"check", name}, {"detail", detail}});
    }
}

/// Runs the body once. False: it threw; retry after `wait`, which was increased.
bool App::Impl::attempt(const Named& named, Millis& wait) {
    const auto began = clock.steady();
    std::string what = "unknown exception";
    watch.started(named.name, began);
    try {
        named.body(stop.get_token());
        return true;
    } catch (const ConfigError& error) {
        std::cerr << service + ": " + telemetry::shown_text(error.what()) + "\n";
        request_stop(kExitConfig, error.what());
        return true;
    } catch (const std::exception& error) {
        what = error.what();
    } catch (...) {
    }
    if (stop.stop_requested()) {
        return true;
    }
    watch.failed(named.name, what, clock.steady());
    // The body ran long enough: treat this as a new failure, with the shortest pause.
    if (clock.steady() - began > kLongestPause * 2) {
        wait = kShortestPause;
    }
    metrics.counter("lamda_loop_failures_total", "Loops and start steps that threw.", {{"loop", named.name}})
        .add();
    log.error("loop failed; restarting", {{"loop", named.name}, {"error", what}, {"after_ms", wait.count()}});
    const bool has_check = health.checks().contains(named.name);
    if (has_check) {
        set_check(named.name, false, what);
    }
    pause(stop.get_token(), wait);
    wait = std::min(wait * 2, kLongestPause);
    return false;
}

void App::Impl::run_steps_then_loops() {
    for (const Named& step : steps) {
        Millis wait = kShortestPause;
        while (!stop.stop_requested() && !attempt(step, wait)) {
        }
        if (stop.stop_requested()) {
            return;
        }
        set_check(step.name, true, "");
    }
    for (const Named& loop : loops) {
        start(loop.name, [this, &loop] { run_loop(loop); });
    }
}

void App::Impl::run_loop(const Named& loop) {
    Millis wait = kShortestPause;
    while (!stop.stop_requested() && !attempt(loop, wait)) {
    }
}

void App::Impl::run_probes() {
    Millis wait = kFirstProbePause;
    while (true) {
        bool all_pass = true;
        for (const Probe& probe : probes) {
            if (stop.stop_requested()) {
                return;
            }
            try {
                probe.check();
                set_check(probe.name, true, "");
            } catch (const std::exception& error) {
                set_check(probe.name, false, error.what());
                all_pass = false;
            }
        }
        const auto failing = watch.stall(clock.steady());
        if (!failing.empty() || health.checks().contains("loops")) {
            set_check("loops", failing.empty(), failing);
        }
        const Millis pace = all_pass ? kProbeEvery : wait;
        wait = all_pass ? kFirstProbePause : std::min(wait * 2, kProbeEvery);
        if (!pause(stop.get_token(), pace)) {
            return;
        }
    }
}

void App::Impl::report_to_service_manager(bool& notified_ready) {
    notify_alive();
    const auto checks = health.checks();
    std::string waits_for;
    for (const auto& [name, check] : checks) {
        metrics.gauge("lamda_check_ok", "Checks of /readyz: 1 ok, 0 not.", {{"check", name}})
            .set(check.ok ? 1 : 0);
        if (!check.ok) {
            waits_for += (waits_for.empty() ? "" : ", ") + name + " (" + check.detail + ")";
        }
    }
    if (!waits_for.empty()) {
        notify_waiting(waits_for, 15);
    } else if (!notified_ready) {
        notified_ready = true;
        log.info("ready");
        notify_ready();
    }
}

void App::Impl::report_until_stopping() {
    bool notified_ready = false;
    std::unique_lock lock(mutex);
    while (!stopping) {
        lock.unlock();
        report_to_service_manager(notified_ready);
        lock.lock();
        changed.wait_for(lock, kTick, [&] { return stopping; });
    }
}

/// Exits the process if a loop does not stop in time.
void App::Impl::end_in_time(const std::stop_token& finished) {
    if (!pause(finished, stop_timeout())) {
        return;
    }
    std::string hanging;
    {
        const std::lock_guard lock(mutex);
        for (const Running& thread : threads) {
            if (!thread.done) {
                hanging += (hanging.empty() ? "" : ", ") + thread.name;
            }
        }
    }
    log.error("did not stop in time", {{"loop", hanging.empty() ? "at_stop" : hanging}});
    ::_exit(1);
}

/// Joins the threads in the order of their start. The list grows only while "start" runs, which is joined
/// before the loops that it started.
void App::Impl::join_threads() {
    for (bool left = true; left;) {
        std::jthread thread;
        {
            const std::lock_guard lock(mutex);
            const auto next = std::find_if(threads.begin(), threads.end(),
                                           [](const auto& entry) { return entry.thread.joinable(); });
            left = next != threads.end();
            if (left) {
                thread = std::move(next->thread);
            }
        }
    }
}

App::App(std::string service, CommonConfig config)
    : impl_(std::make_unique<Impl>(std::move(service), std::move(config))) {
    // Before any thread exists, so that all inherit the mask: one thread waits for the signals.
    const sigset_t set = ending_signals();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    allow_many_descriptors();
    give_large_memory_back();
    impl_->metrics
        .gauge("lamda_build_info", "Service and version of the process.",
               {{"service", impl_->service}, {"version", LAMDA_VERSION}})
        .set(1);
}

App::~App() = default;

telemetry::Log& App::log() {
    return impl_->log;
}
telemetry::Metrics& App::metrics() {
    return impl_->metrics;
}
telemetry::Health& App::health() {
    return impl_->health;
}
const CommonConfig& App::config() const {
    return impl_->config;
}
std::stop_token App::stop_token() const {
    return impl_->stop.get_token();
}

void App::first(const std::string& name, std::function<void(const std::stop_token&)> step) {
    impl_->health.expect(name);
    impl_->steps.push_back({name, std::move(step)});
}

void App::loop(const std::string& name, std::function<void(const std::stop_token&)> body) {
    if (impl_->running) {
        throw std::logic_error("loops are added before run(): " + name);
    }
    impl_->loops.push_back({name, std::move(body)});
}

void App::probe(const std::string& name, std::function<void()> check) {
    impl_->health.expect(name);
    impl_->probes.push_back({name, std::move(check)});
}

void App::at_stop(std::function<void()> action) {
    impl_->at_stop.push_back(std::move(action));
}

void App::request_stop(int exit_status) {
    impl_->request_stop(exit_status, "requested by the service");
}

int App::run() {
    Impl& impl = *impl_;
    impl.running = true;

    telemetry::Metrics admin_metrics;  // scrapes are not measured
    http::Server admin(admin_config(impl.config), impl.clock, impl.log, admin_metrics);
    add_admin_routes(admin, impl.metrics, impl.health);
    const int port = admin.start();
    impl.log.info("admin endpoint", {{"address", impl.config.bind_address}, {"port", port}});

    std::atomic<bool> ended{false};
    std::thread signals([&] {
        const sigset_t set = ending_signals();
        int number = 0;
        while (!ended && ::sigwait(&set, &number) == 0) {
            if (!ended) {
                impl.request_stop(0, number == SIGTERM ? "SIGTERM" : "SIGINT");
            }
        }
    });
    impl.start("probes", [&impl] { impl.run_probes(); });
    impl.start("start", [&impl] { impl.run_steps_then_loops(); });

    impl.report_until_stopping();
    notify_stopping();
    {
        std::jthread guard([&impl](const std::stop_token& finished) { impl.end_in_time(finished); });
        impl.join_threads();
        std::for_each(impl.at_stop.rbegin(), impl.at_stop.rend(), [](const auto& action) { action(); });
        admin.stop();
    }
    ended = true;
    // The signal is blocked in every thread: this only wakes the thread in sigwait.
    ::pthread_kill(signals.native_handle(), SIGTERM);  // NOLINT(bugprone-bad-signal-to-kill-thread)
    signals.join();
    const std::lock_guard lock(impl.mutex);
    impl.log.info("stopped", {{"status", impl.status}});
    return impl.status;
}

}  // namespace lamda::runtime
