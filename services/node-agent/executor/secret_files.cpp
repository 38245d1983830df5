#include "services/node-agent/executor/secret_files.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "services/node-agent/state/durable_file.hpp"
#include "wire/secrets.hpp"

namespace lamda::agent {

namespace fs = std::filesystem;
using wire::ErrorCode;

namespace {

constexpr auto kNotOpened = "the job's secrets are not sealed to this provider for this job";
constexpr auto kOtherSpec = "the job's secrets belong to another spec than the assignment";
constexpr auto kRemoteKey = "this provider's key cannot open secrets";
constexpr auto kNoMemory = "this provider has no folder in memory for secrets";
constexpr auto kNotWritten = "this provider cannot write the job's secrets into memory now";

Failure refused(const char* message, std::string detail) {
    return {ErrorCode::kRefused, message, std::move(detail)};
}

/// Writes a file that does not exist yet. @throws std::system_error
void write_new(const std::string& path, BytesView bytes) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400);
    if (file < 0) {
        throw std::system_error(errno, std::generic_category(), "open");
    }
    std::size_t done = 0;
    int error = 0;
    while (done < bytes.size() && error == 0) {
        const auto written = ::write(file, bytes.data() + done, bytes.size() - done);
        if (written < 0) {
            error = errno == EINTR ? 0 : errno;
        } else {
            done += static_cast<std::size_t>(written);
        }
    }
    if (error == 0 && ::fchmod(file, 0444) != 0) {
        error = errno;
    }
    ::close(file);
    if (error != 0) {
        throw std::system_error(error, std::generic_category(), "write");
    }
}

}  // namespace

bool is_in_memory(const std::string& dir) {
    struct statfs found{};
    return ::statfs(dir.c_str(), &found) == 0 && (found.f_type == TMPFS_MAGIC || found.f_type == RAMFS_MAGIC);
}

SecretFiles::SecretFiles(const crypto::Signer& key, std::string dir) : key_(key), dir_(std::move(dir)) {}

std::optional<Failure> SecretFiles::put(const wire::Assignment& assignment) {
    if (!assignment.spec) {
        return std::nullopt;
    }
    const auto spec = wire::sealed_spec(assignment);
    if (!spec) {
        return refused(kOtherSpec, spec.error().message);
    }
    const auto secrets = wire::open_secrets(*spec, key_);
    if (!secrets) {
        return refused(secrets.error().code == "no_key_agreement" ? kRemoteKey : kNotOpened,
                       secrets.error().message);
    }
    const AttemptKey attempt{assignment.job_id, assignment.attempt};
    try {
        make_private_dir(dir_);
        fs::permissions(dir_, fs::perms::owner_all);
        if (!is_in_memory(dir_)) {
            return refused(kNoMemory, dir_ + " is not on a tmpfs (AGENT_SECRETS_DIR)");
        }
        // An earlier process may have been killed in between.
        remove(attempt);
        const auto path = path_of(attempt);
        make_private_dir(path);
        for (const auto& [name, plain] : *secrets) {
            write_new(path + "/" + name, plain.view());
        }
        fs::permissions(path, fs::perms(0555));
        return std::nullopt;
    } catch (const DiskError& error) {
        return refused(kNoMemory, error.what());
    } catch (const std::system_error& error) {
        return refused(kNotWritten, error.code().message());
    }
}

bool SecretFiles::missing(const wire::Assignment& assignment) const {
    return assignment.spec && !fs::exists(dir_of(assignment));
}

std::string SecretFiles::dir_of(const wire::Assignment& assignment) const {
    return assignment.spec ? path_of({assignment.job_id, assignment.attempt}) : "";
}

void SecretFiles::remove(const AttemptKey& key) {
    std::error_code ignored;
    fs::permissions(path_of(key), fs::perms::owner_all, ignored);  // absent: nothing to remove
    fs::remove_all(path_of(key), ignored);
}

void SecretFiles::remove_others(const std::function<bool(const AttemptKey&)>& needed) {
    std::error_code absent;
    for (const auto& entry : fs::directory_iterator(dir_, absent)) {
        const auto name = entry.path().filename().string();
        const auto dash = name.rfind('-');
        const auto key = dash == std::string::npos
                             ? std::nullopt
                             : AttemptKey::parse(name.substr(0, dash), name.substr(dash + 1));
        if (key && !needed(*key)) {
            remove(*key);
        }
    }
}

}  // namespace lamda::agent
