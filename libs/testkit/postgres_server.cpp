// PostgreSQL server as a child process.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "testkit/detail/postgres_cluster.hpp"
#include "testkit/memory_dir.hpp"
#include "testkit/server_process.hpp"
#include "testkit/servers.hpp"

namespace lamda::testkit {

namespace fs = std::filesystem;

namespace {

/// /usr/lib/postgresql/<highest version>/bin
std::string bin_dir() {
    int best = 0;
    const fs::path root = "/usr/lib/postgresql";
    if (fs::exists(root)) {
        for (const auto& entry : fs::directory_iterator(root)) {
            const std::string name = entry.path().filename();
            if (!name.empty() &&
                std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
                fs::exists(entry.path() / "bin/postgres")) {
                best = std::max(best, std::stoi(name));
            }
        }
    }
    if (best == 0) {
        throw std::runtime_error(
            "no PostgreSQL server under /usr/lib/postgresql: apt-get install postgresql");
    }
    return (root / std::to_string(best) / "bin").string();
}

constexpr std::uintmax_t kRoomInMemory = 2ULL << 30U;

/// A test's own cluster without durability is kept in memory: ext4 looks at every recently deleted inode when
/// it makes a file, and the suite makes and deletes hundreds of clusters of a thousand files.
bool fits_memory(const std::string& dir, bool durable) {
    return !durable && dir.starts_with(binary_dir() + "/tmp/") && std::getenv("LAMDA_KEEP") == nullptr &&
           MemoryDir::has_room(kRoomInMemory);
}

/// Children of a process (of its main thread: the postmaster has no other).
std::vector<pid_t> children_of(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children");
    std::vector<pid_t> out;
    for (pid_t child = 0; file >> child;) {
        out.push_back(child);
    }
    return out;
}

}  // namespace

struct PostgresServer::Impl {
    std::string dir;
    std::optional<MemoryDir> memory;
    std::string data;
    std::string log;
    std::string bin = bin_dir();
    int port = free_port();
    bool durable;
    std::vector<std::string> settings;
    std::optional<Process> process;

    ProcessSpec spec(std::vector<std::string> argv) const {
        ProcessSpec out;
        argv[0] = bin + "/" + argv[0];
        out.argv = std::move(argv);
        out.cwd = dir;
        out.as_postgres = true;
        return out;
    }

    void must(std::vector<std::string> argv) const {
        const std::string name = argv[0];
        const auto finished = run(spec(std::move(argv)));
        if (finished.status != 0) {
            throw std::runtime_error(name + " failed: " + finished.output);
        }
    }

    void psql(const std::string& sql) const {
        must({"psql", "--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p",
              std::to_string(port), "-U", "postgres", "-d", "postgres", "-c", sql});
    }

    bool ready() const {
        // The last line is "ready" once connections are accepted.
        std::ifstream file(data + "/postmaster.pid");
        std::string line;
        std::string pid;
        std::string last;
        for (int i = 0; std::getline(file, line); ++i) {
            pid = i == 0 ? line : pid;
            last = line;
        }
        return pid == std::to_string(process->pid()) && last.starts_with("ready");
    }

    void launch() {
        std::vector<std::string> argv{"postgres", "-D", data, "-p", std::to_string(port)};
        std::vector<std::string> given{"listen_addresses=127.0.0.1",
                                       "unix_socket_directories=", "max_connections=200", "timezone=UTC",
                                       "shared_buffers=64MB"};
        if (!durable) {
            given.insert(given.end(), {"fsync=off", "full_page_writes=off"});
        }
        given.insert(given.end(), settings.begin(), settings.end());
        for (const auto& setting : given) {
            argv.insert(argv.end(), {"-c", setting});
        }
        auto server = spec(std::move(argv));
        server.log_file = log;
        process.emplace(std::move(server));
        wait_ready("PostgreSQL", *process, log, [this] { return ready(); });
    }
};

PostgresServer::PostgresServer(const std::string& dir, bool durable, std::vector<std::string> settings)
    : impl_(std::make_unique<Impl>()) {
    auto& self = *impl_;
    self.dir = fs::absolute(dir);
    self.data = self.dir + "/data";
    self.log = self.dir + "/postgres.log";
    self.durable = durable;
    self.settings = std::move(settings);
    fs::create_directories(self.dir);
    if (!fs::exists(self.data + "/PG_VERSION")) {
        if (fits_memory(self.dir, durable)) {
            self.memory.emplace();
            fs::permissions(self.memory->path, fs::perms(0711));  // the server runs as another user
            self.data = self.memory->path + "/data";
        }
        create_cluster(self.bin, self.data);
    }
    start();
}

PostgresServer::~PostgresServer() {
    try {
        stop();
        if (impl_->memory && std::uncaught_exceptions() > 0) {  // as TempDir: a failed test's files stay
            fs::copy(impl_->data, impl_->dir + "/data", fs::copy_options::recursive);
        }
    } catch (const std::exception&) {  // the destructor kills the process
    }
}

std::string PostgresServer::dsn(const std::string& database) const {
    return "postgres://postgres@127.0.0.1:" + std::to_string(impl_->port) + "/" + database;
}

std::string PostgresServer::create_database(const std::string& name) {
    impl_->psql("CREATE DATABASE \"" + name + "\"");
    return dsn(name);
}

void PostgresServer::drop_database(const std::string& name) {
    impl_->psql("DROP DATABASE IF EXISTS \"" + name + "\" WITH (FORCE)");
}

int PostgresServer::port() const {
    return impl_->port;
}

void PostgresServer::stop() {
    if (impl_->process) {
        impl_->process->signal(SIGINT);  // "fast": ends sessions, writes the checkpoint
        if (!impl_->process->wait(Millis(60'000))) {
            kill();
        }
    }
}

void PostgresServer::kill() {
    if (impl_->process && impl_->process->running()) {
        // Each backend is a session leader, which the group's SIGKILL does not reach.
        impl_->process->signal(SIGSTOP);
        const auto backends = children_of(impl_->process->pid());
        impl_->process->kill();
        for (const pid_t backend : backends) {
            ::kill(backend, SIGKILL);
        }
        wait_until([&] {
            return std::none_of(backends.begin(), backends.end(),
                                [](pid_t pid) { return ::kill(pid, 0) == 0; });
        });
    }
}

void PostgresServer::start() {
    if (impl_->process && impl_->process->running()) {
        return;
    }
    impl_->launch();
}

}  // namespace lamda::testkit
