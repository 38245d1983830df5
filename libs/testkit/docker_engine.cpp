// Docker engine in its own PID and mount namespaces.
#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "testkit/server_process.hpp"
#include "testkit/servers.hpp"

namespace lamda::testkit {

namespace fs = std::filesystem;

namespace {

// Runs as the first process of its own PID namespace: when it ends for any reason, the kernel kills the
// engine, containerd, the shims and all containers. The mount namespace isolates its mounts from the machine;
// /run is private, because containerd's shims create their sockets there.
constexpr auto kScript = R"(set -e
mount -t tmpfs tmpfs /run
if ! grep -q ' - cgroup' /proc/self/mountinfo; then
  mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
  for name in $(awk '!/^#/ && $4 == 1 { print $1 }' /proc/cgroups); do
    mkdir -p "/sys/fs/cgroup/$name"
    mount -t cgroup -o "$name" cgroup "/sys/fs/cgroup/$name" || rmdir "/sys/fs/cgroup/$name"
  done
fi
exec dockerd --data-root="$DATA" --exec-root="$SOCKETS/exec" --pidfile="$SOCKETS/docker.pid" \
  --host="unix://$SOCKETS/docker.sock" --group=root --iptables=false --ip-forward=false --ip-masq=false \
  --bridge=none --storage-driver=vfs --exec-opt native.cgroupdriver=cgroupfs --shutdown-timeout=2
)";

// A static busybox with a link for each command; reproducible bytes.
constexpr auto kImageScript = R"(set -e
[ -x /bin/busybox ] || { echo 'no /bin/busybox: apt-get install busybox-static'; exit 1; }
rm -rf rootfs && mkdir -p rootfs/bin rootfs/tmp && chmod 1777 rootfs/tmp
cp /bin/busybox rootfs/bin/busybox
for name in $(/bin/busybox --list); do [ "$name" = busybox ] || ln -s busybox "rootfs/bin/$name"; done
tar -C rootfs --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf image.tar .
rm -rf rootfs
)";

// sun_path holds 107 bytes; the longest socket below is exec/containerd/containerd.sock.ttrpc.
constexpr std::size_t kLongestSocket = 107;
constexpr auto kSocketTail = "/exec/containerd/containerd-debug.sock.ttrpc";

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream out;
    out << file.rdbuf();
    return out.str();
}

}  // namespace

struct DockerEngine::Impl {
    std::string dir;
    std::string sockets;  ///< the engine's sockets and volatile files
    std::string log;
    std::optional<Process> process;

    std::string socket() const { return sockets + "/docker.sock"; }

    PlainAnswer api(const std::string& method, const std::string& path, const std::string& type = "",
                    const std::string& body = "") const {
        return plain_http(method, 0, socket(), path, type, body);
    }

    bool answers() const {
        try {
            return api("GET", "/_ping").body == "OK";
        } catch (const std::runtime_error&) {
            return false;
        }
    }

    void import_image() const {
        if (api("GET", "/images/lamda/busybox:1.35/json").status == 200) {
            return;
        }
        ProcessSpec make;
        make.argv = {"/bin/sh", "-c", kImageScript};
        make.cwd = dir;
        const auto made = run(make);
        if (made.status != 0) {
            throw std::runtime_error("cannot make the image: " + made.output);
        }
        const auto answer =
            api("POST",
                "/images/create?fromSrc=-&repo=lamda/busybox&tag=1.35&changes=CMD%20%5B%22%2Fbin%2Fsh%22%5D",
                "application/x-tar", read_file(dir + "/image.tar"));
        fs::remove(dir + "/image.tar");
        if (api("GET", "/images/lamda/busybox:1.35/json").status != 200) {
            throw std::runtime_error("cannot import the image: " + answer.body);
        }
    }
};

DockerEngine::DockerEngine(const std::string& dir) : impl_(std::make_unique<Impl>()) {
    if (geteuid() != 0) {
        throw std::runtime_error("a Docker engine needs root");
    }
    auto& self = *impl_;
    self.dir = fs::absolute(dir);
    self.log = self.dir + "/dockerd.log";
    fs::create_directories(self.dir);
    self.sockets = self.dir;
    if (self.sockets.size() + std::string_view(kSocketTail).size() > kLongestSocket) {
        char short_name[] = "/tmp/lamda-docker-XXXXXX";
        if (mkdtemp(short_name) == nullptr) {
            throw std::runtime_error("cannot make a folder in /tmp for the engine's sockets");
        }
        self.sockets = short_name;
    }
    start();
}

DockerEngine::~DockerEngine() {
    try {
        stop();
    } catch (const std::exception&) {  // the destructor kills the process
    }
    impl_->process.reset();
    if (impl_->sockets != impl_->dir) {
        std::error_code ignored;
        fs::remove_all(impl_->sockets, ignored);
    }
}

std::string DockerEngine::host() const {
    return "unix://" + impl_->socket();
}

void DockerEngine::stop() {
    if (!impl_->process || !impl_->process->running()) {
        return;
    }
    // unshare ignores SIGTERM; its only child is the engine.
    const auto pid = std::to_string(impl_->process->pid());
    pid_t engine = 0;
    std::ifstream("/proc/" + pid + "/task/" + pid + "/children") >> engine;
    if (engine > 0) {
        ::kill(engine, SIGTERM);
        impl_->process->wait(Millis(60'000));
    }
    impl_->process->kill();
}

void DockerEngine::kill() {
    if (impl_->process) {
        impl_->process->kill();
    }
}

void DockerEngine::start() {
    auto& self = *impl_;
    if (self.process && self.process->running()) {
        return;
    }
    // PIDs in old pid files would match processes of the new namespace.
    fs::remove_all(self.sockets + "/exec");
    fs::remove(self.sockets + "/docker.pid");
    fs::remove(self.socket());
    ProcessSpec spec;
    spec.argv = {"unshare",      "--mount", "--pid", "--fork", "--kill-child",
                 "--mount-proc", "/bin/sh", "-c",    kScript};
    spec.env = {{"DATA", self.dir + "/data"}, {"SOCKETS", self.sockets}};
    spec.cwd = self.dir;
    spec.log_file = self.log;
    self.process.emplace(std::move(spec));
    wait_ready("dockerd", *self.process, self.log, [&] { return self.answers(); }, Millis(60'000));
    self.import_image();
}

}  // namespace lamda::testkit
