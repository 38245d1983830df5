#include "services/node-agent/benchmark/measure.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <thread>

#include "core/deadline.hpp"
#include "crypto/digest.hpp"
#include "services/node-agent/state/durable_file.hpp"

namespace lamda::agent {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMib = std::size_t{1} << 20;
constexpr std::size_t kPage = 4'096;

std::uint64_t per_second(std::uint64_t amount, Steady since, const Clock& clock) {
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(clock.steady() - since).count();
    return static_cast<std::uint64_t>(static_cast<double>(amount) * 1e6 /
                                      static_cast<double>(std::max<std::int64_t>(micros, 1)));
}

/// Bytes that neither compress nor repeat.
Bytes noise(std::size_t bytes) {
    std::mt19937_64 random(std::random_device{}());
    Bytes out(bytes);
    for (std::size_t at = 0; at + sizeof(std::uint64_t) <= bytes; at += sizeof(std::uint64_t)) {
        const auto word = random();
        std::memcpy(out.data() + at, &word, sizeof word);
    }
    return out;
}

/// A file that is removed with this object.
class TemporaryFile {
  public:
    TemporaryFile(const std::string& path, int flags)
        : path_(path), fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {
        if (fd_ < 0) {
            throw DiskError("cannot create " + path + ": " + std::strerror(errno));
        }
    }
    ~TemporaryFile() {
        ::close(fd_);
        ::unlink(path_.c_str());
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    int fd() const { return fd_; }

  private:
    std::string path_;
    int fd_;
};

/// Bytes written, with fsync at the end.
std::uint64_t write_file(int fd, std::uint64_t bytes, const Deadline& deadline) {
    const auto block = noise(kMib);
    std::uint64_t done = 0;
    do {
        if (::write(fd, block.data(), block.size()) != static_cast<ssize_t>(block.size())) {
            throw DiskError(std::string("cannot write: ") + std::strerror(errno));
        }
        done += block.size();
    } while (done < bytes && !deadline.passed());
    if (::fsync(fd) != 0) {
        throw DiskError(std::string("cannot synchronise: ") + std::strerror(errno));
    }
    return done;
}

}  // namespace

std::uint64_t measure_sha256(unsigned threads, Millis time, const Clock& clock) {
    const auto block = noise(kMib);
    const Deadline deadline(clock, time);
    std::atomic<std::uint64_t> total = 0;
    const auto since = clock.steady();
    {
        std::vector<std::jthread> workers;
        for (unsigned i = 0; i < threads; ++i) {
            workers.emplace_back([&] {
                do {
                    (void)crypto::sha256(block);
                    total += block.size();
                } while (!deadline.passed());
            });
        }
    }
    return per_second(total, since, clock);
}

std::uint64_t measure_memory(Millis time, const Clock& clock) {
    constexpr std::size_t kBytes = 64 * kMib;  // larger than caches
    const auto from = noise(kBytes);
    Bytes into(kBytes);
    const Deadline deadline(clock, time);
    const auto since = clock.steady();
    std::uint64_t total = 0;
    do {
        std::memcpy(into.data(), from.data(), kBytes);
        total += kBytes;
    } while (!deadline.passed());
    const auto speed = per_second(total, since, clock);
    return into.back() == from.back() ? speed : 0;  // the copy has a reader
}

DiskSpeed measure_disk(const std::string& dir, std::uint64_t bytes, Millis time, const Clock& clock) {
    const TemporaryFile file(dir + "/benchmark", O_RDWR | O_CREAT | O_TRUNC);
    DiskSpeed speed;
    auto since = clock.steady();
    const auto written = write_file(file.fd(), bytes, Deadline(clock, time));
    speed.write = per_second(written, since, clock);

    // tmpfs and some others refuse O_DIRECT: then the cache is dropped once.
    (void)::fcntl(file.fd(), F_SETFL, O_DIRECT);
    (void)::posix_fadvise(file.fd(), 0, 0, POSIX_FADV_DONTNEED);
    const std::unique_ptr<void, decltype(&std::free)> page(std::aligned_alloc(kPage, kPage), &std::free);
    std::mt19937_64 random(written);
    const Deadline deadline(clock, time);
    std::uint64_t reads = 0;
    since = clock.steady();
    do {
        const auto at = static_cast<off_t>(random() % (written / kPage) * kPage);
        if (::pread(file.fd(), page.get(), kPage, at) != static_cast<ssize_t>(kPage)) {
            throw DiskError(std::string("cannot read: ") + std::strerror(errno));
        }
        ++reads;
    } while (!deadline.passed());
    speed.reads = per_second(reads, since, clock);
    return speed;
}

StoreSpeed measure_store(ipfs::ContentStore& store, const std::string& dir, std::uint64_t bytes,
                         const Clock& clock) {
    const TemporaryFile up(dir + "/benchmark-up", O_RDWR | O_CREAT | O_TRUNC);
    const auto content = noise(bytes);
    if (::write(up.fd(), content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
        throw DiskError(std::string("cannot write: ") + std::strerror(errno));
    }
    StoreSpeed speed;
    const auto down = dir + "/benchmark-down";
    try {
        auto since = clock.steady();
        const auto cid = store.put(dir + "/benchmark-up");
        speed.up = per_second(bytes, since, clock);
        since = clock.steady();
        store.fetch(cid, down, 2 * bytes);
        speed.down = per_second(bytes, since, clock);
    } catch (const std::exception&) {  // an absent number says so; --check has the reason
    }
    std::error_code ignored;
    fs::remove_all(down, ignored);
    return speed;
}

}  // namespace lamda::agent
