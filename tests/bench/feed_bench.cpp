// Benchmark of the live feed: time from an event's transaction until every listener has it, and the gateway's
// memory with many listeners.
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "arguments.hpp"
#include "http/testing/raw_client.hpp"
#include "outbox/feed_log.hpp"
#include "outbox/outbox.hpp"
#include "report.hpp"
#include "testkit/migrated_database.hpp"
#include "testkit/process.hpp"
#include "testkit/servers.hpp"
#include "wire/events.hpp"

using namespace lamda;
using namespace lamda::bench;

namespace {

constexpr int kEvents = 300;
constexpr std::size_t kListeners = 1'000;
constexpr std::size_t kMost = 10'000;
constexpr Millis kEvery{20};
constexpr double kPatience = 30;  ///< seconds for one event

/// Open answers of GET /api/events, read on this thread.
class Listeners {
  public:
    explicit Listeners(int port) : port_(port), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}
    ~Listeners() {
        for (const int fd : sockets_) {
            ::close(fd);
        }
        ::close(epoll_);
    }
    Listeners(const Listeners&) = delete;
    Listeners& operator=(const Listeners&) = delete;

    /// Opens listeners until there are `count`, and reads their snapshots.
    void grow(std::size_t count) {
        while (sockets_.size() < count) {
            open();
            if (sockets_.size() % 100 == 0) {
                read_until("snapshot", sockets_.size());
            }
        }
        read_until("snapshot", count);
    }
    /// Reads until `count` messages of this type have arrived since the beginning.
    void read_until(const std::string& type, std::size_t count) {
        const double end = now_seconds() + kPatience;
        auto& seen = type == "event" ? events_ : snapshots_;
        while (seen < count) {
            if (now_seconds() > end) {
                throw std::runtime_error(
                    fmt::format("{} of {} messages of type {} arrived", seen, count, type));
            }
            read_some();
        }
    }
    std::size_t size() const { return sockets_.size(); }
    std::size_t events() const { return events_; }

  private:
    void open() {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<std::uint16_t>(port_));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        constexpr std::string_view kRequest = "GET /api/events HTTP/1.1\r\nHost: x\r\n\r\n";
        if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0 ||
            ::send(fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) !=
                static_cast<ssize_t>(kRequest.size())) {
            throw std::runtime_error("cannot connect listener " + std::to_string(sockets_.size()));
        }
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
        sockets_.push_back(fd);
    }
    void read_some() {
        std::array<epoll_event, 256> ready{};
        const int count = ::epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), 100);
        std::array<char, 65'536> bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init)
        for (int i = 0; i < count; ++i) {
            const ssize_t got =
                ::recv(ready[static_cast<std::size_t>(i)].data.fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
            if (got <= 0) {
                throw std::runtime_error("the gateway has closed a listener");
            }
            const std::string_view text(bytes.data(), static_cast<std::size_t>(got));
            events_ += count_of(text, R"("type":"event")");
            snapshots_ += count_of(text, R"("type":"snapshot")");
        }
    }
    static std::size_t count_of(std::string_view text, std::string_view mark) {
        std::size_t out = 0;
        for (auto at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + 1)) {
            ++out;
        }
        return out;
    }

    const int port_;
    const int epoll_;
    std::vector<int> sockets_;
    std::size_t events_ = 0;
    std::size_t snapshots_ = 0;
};

/// Puts one event of a job into the log, as the dispatcher's relay does.
void add_event(store::Database& database, int number) {
    wire::EventCause cause;
    cause.id = number;
    cause.at = SystemClock().now();
    wire::JobUpdate update;
    update.status = wire::PublicStatus::kRunning;
    std::vector<outbox::OutboxMessage> messages;
    for (const auto& each : wire::event_messages(cause, update)) {
        messages.push_back({each.subject, each.message_id, each.body});
    }
    database.transact([&](store::Txn& txn) {
        outbox::put_outbox(txn, "dispatcher", messages);
        std::vector<std::int64_t> ids;
        for (const auto& row : txn.exec("SELECT id FROM bus.outbox")) {
            ids.push_back(row.get<std::int64_t>("id"));
        }
        outbox::settle_rows(txn, ids, true);
    });
}

/// Milliseconds from the transaction's begin until all listeners have the event, sorted.
std::vector<double> measure(store::Database& database, Listeners& listeners) {
    std::vector<double> out;
    auto due = std::chrono::steady_clock::now();
    for (int i = 1; i <= kEvents; ++i, due += kEvery) {
        std::this_thread::sleep_until(due);
        const double began = now_seconds();
        add_event(database, i);
        listeners.read_until("event", listeners.size() * static_cast<std::size_t>(i));
        out.push_back((now_seconds() - began) * 1'000);
    }
    std::sort(out.begin(), out.end());
    return out;
}

void allow_many_sockets() {
    rlimit descriptors{};
    ::getrlimit(RLIMIT_NOFILE, &descriptors);
    descriptors.rlim_cur = descriptors.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &descriptors);
}

}  // namespace

int main(int argc, char** argv) {
    std::string executables = testkit::binary_dir() + "/bin";
    CLI::App app("Measures the live feed; prints one line for each figure: name value unit (target)");
    app.add_option("--executables", executables, "folder of lamda-api-gateway");
    if (const auto status = lamda::bench::parse(app, argc, argv)) {
        return *status;
    }
    allow_many_sockets();
    testkit::TempDir dir("feed");
    testkit::PostgresServer postgres(dir.path() + "/pg");
    testkit::NatsServer nats(dir.path() + "/nats");
    store::Database database(testkit::migrated_database(postgres, "feed", "postgres"), "bench", 1);
    const int port = testkit::free_port();
    const int metrics = testkit::free_port();
    testkit::ProcessSpec spec;
    spec.argv = {executables + "/lamda-api-gateway"};
    spec.cwd = dir.path();
    spec.log_file = dir.path() + "/gateway.log";
    spec.env = {{"DATABASE_URL", testkit::role_dsn(postgres, "feed", testkit::database_role("api-gateway"))},
                {"NATS_URL", nats.url()},
                {"API_PORT", std::to_string(port)},
                {"METRICS_PORT", std::to_string(metrics)},
                {"ENVIRONMENT", "development"},
                {"BSC_CHAIN_ID", "97"},
                {"JOB_MANAGER_CONTRACT_ADDRESS", "0xd9264b533dd53198c7ae345c6afe8ef054303b53"}};
    testkit::Process gateway(spec);
    const auto ready = [&] {
        try {
            return http::RawClient(metrics).ask("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n").status == 200;
        } catch (const std::exception&) {
            return false;
        }
    };
    if (!testkit::wait_until(ready, Millis(30'000))) {
        throw std::runtime_error("the gateway is not ready: see " + spec.log_file);
    }
    Listeners listeners(port);
    listeners.grow(kListeners);
    const auto ms = measure(database, listeners);
    report("feed_1000_listeners_p50", ms[ms.size() / 2], "ms", "from the transaction to the last listener");
    report("feed_1000_listeners_p99", ms[ms.size() * 99 / 100], "ms", "target ≤ 50");
    const double before = private_memory(gateway.pid());
    listeners.grow(kMost);
    const double idle = private_memory(gateway.pid());
    const auto known = listeners.events();
    const double began = now_seconds();
    add_event(database, kEvents + 1);
    listeners.read_until("event", known + kMost);
    report("feed_10000_listeners_event", (now_seconds() - began) * 1'000, "ms", "to the last listener");
    report("feed_10000_listeners_memory", std::max(idle, private_memory(gateway.pid())), "MiB",
           fmt::format("target ≤ 300, private; with 1,000: {:.0f}", before));
    return 0;
}
