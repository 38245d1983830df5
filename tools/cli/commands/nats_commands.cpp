// `lamda nats init` and `rotate`: keys and configuration of a bus with logins by key.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "natsauth/deployment.hpp"
#include "tools/cli/commands.hpp"

namespace lamda::cli {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail_file(const std::string& path) {
    throw CommandRefused(1, path + ": " + std::strerror(errno));
}

/// Creates the file, complete and on the disk; it must not exist.
void create_file(const std::string& path, const natsauth::File& file) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file.secret ? 0600 : 0644);
    if (fd < 0) {
        fail_file(path);
    }
    std::size_t written = 0;
    bool failed = false;
    while (!failed && written < file.content.size()) {
        const auto n = ::write(fd, file.content.data() + written, file.content.size() - written);
        failed = n < 0 && errno != EINTR;
        written += n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    failed = failed || ::fsync(fd) != 0;
    const int error = errno;
    ::close(fd);
    if (failed) {
        ::unlink(path.c_str());
        errno = error;
        fail_file(path);
    }
}

void replace_file(const std::string& dir, const natsauth::File& file) {
    const auto path = dir + "/" + file.name;
    const auto fresh = path + ".new";
    ::unlink(fresh.c_str());  // of an interrupted rotation
    create_file(fresh, file);
    if (::rename(fresh.c_str(), path.c_str()) != 0) {
        fail_file(path);
    }
}

std::string read_file(const std::string& path) {
    const std::ifstream in(path, std::ios::binary);
    if (!in) {
        throw CommandRefused(1, path + " cannot be read: give the folder of `lamda nats init`");
    }
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

}  // namespace

int nats_init(Context& context, const std::string& dir) {
    const auto now = context.clock().now();
    const auto files = natsauth::all_files(natsauth::make_deployment(now), now);
    for (const auto& file : files) {
        if (fs::exists(fs::symlink_status(dir + "/" + file.name))) {
            throw CommandRefused(1, dir + "/" + file.name +
                                        " exists; nothing was changed. Choose an empty folder, "
                                        "or change the keys of this one with `lamda nats rotate`");
        }
    }
    fs::create_directories(dir);
    for (const auto& file : files) {
        create_file(dir + "/" + file.name, file);
    }
    fmt::print(
        "{}",
        fmt::format(
            "Written to {}:\n"
            "  nats.conf, trust.conf   for nats-server: /etc/nats\n"
            "  dispatcher.creds, registry.creds, gateway.creds, feed.creds\n"
            "                          secret, for each service: NATS_CREDS_FILE\n"
            "  issuer.json             secret, for the node registry, which gives providers credentials:\n"
            "                          NATS_ISSUER_FILE\n"
            "  offline.json            secret, for `lamda nats rotate` only: keep it on another machine\n",
            dir));
    return 0;
}

int nats_rotate(Context& context, const std::string& dir, bool finish) {
    auto deployment = natsauth::parse_deployment(read_file(dir + "/" + natsauth::kOfflineFile),
                                                 read_file(dir + "/" + natsauth::kIssuerFile));
    if (!deployment) {
        throw CommandRefused(1, dir + ": " + deployment.error().message);
    }
    if (finish && !natsauth::is_rotating(*deployment)) {
        throw CommandRefused(
            1, dir + ": there is no rotation to finish, and no login became void; first `lamda nats rotate`");
    }
    const auto now = context.clock().now();
    const auto changed = finish ? natsauth::finish_rotation(*std::move(deployment))
                                : natsauth::rotate(*std::move(deployment), now);
    const auto files =
        finish ? natsauth::finished_files(changed, now) : natsauth::rotated_files(changed, now);
    for (const auto& file : files) {
        replace_file(dir, file);
    }
    fmt::print("{}", finish ? "The earlier signing keys and the roles' earlier logins are no longer valid. "
                              "Install trust.conf "
                              "and issuer.json, restart nats-server, then the registry.\n"
                            : "New signing keys and new logins of the roles; the earlier ones stay valid. "
                              "Install trust.conf, "
                              "issuer.json and each service's .creds file, restart nats-server, then the "
                              "registry, which sends "
                              "all accounts again. Once every provider has new credentials "
                              "(NATS_CREDENTIALS_LIFETIME): `lamda "
                              "nats rotate --finish`.\n");
    return 0;
}

}  // namespace lamda::cli
