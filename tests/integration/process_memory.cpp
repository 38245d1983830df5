#include "integration/process_memory.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "core/bytes.hpp"
#include "testkit/process.hpp"

namespace lamda::integration {

namespace {

/// Larger mappings are not memory of the program: a sanitizer's shadow takes terabytes.
constexpr std::size_t kLargest = 1ULL << 30;

std::string text_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// State T: stopped by a signal (proc(5), /proc/pid/status).
bool is_stopped(pid_t process) {
    return text_of("/proc/" + std::to_string(process) + "/status").find("State:\tT") != std::string::npos;
}

std::string read_region(int memory, std::size_t from, std::size_t to) {
    std::string out(to - from, '\0');
    std::size_t size = 0;
    while (size < out.size()) {
        const auto got =
            ::pread(memory, out.data() + size, out.size() - size, static_cast<off_t>(from + size));
        if (got <= 0) {
            break;  // [vvar] and the like are mapped and not readable
        }
        size += static_cast<std::size_t>(got);
    }
    out.resize(size);
    return out;
}

}  // namespace

ProcessMemory::ProcessMemory(pid_t process) {
    const std::string folder = "/proc/" + std::to_string(process);
    const int memory = ::open((folder + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
    if (memory < 0 || ::kill(process, SIGSTOP) != 0 ||
        !testkit::wait_until([&] { return is_stopped(process); })) {
        throw std::runtime_error("the memory of process " + std::to_string(process) + " cannot be read");
    }
    std::ifstream maps(folder + "/maps");
    for (std::string line; std::getline(maps, line);) {
        const auto dash = line.find('-');
        const auto space = line.find(' ');
        const auto from = std::stoull(line.substr(0, dash), nullptr, 16);
        const auto to = std::stoull(line.substr(dash + 1, space), nullptr, 16);
        if (line.at(space + 1) == 'r' && to - from <= kLargest) {
            regions_.push_back(read_region(memory, from, to));
        }
    }
    ::kill(process, SIGCONT);
    ::close(memory);
}

std::size_t ProcessMemory::count(const std::string& bytes) const {
    std::size_t out = 0;
    for (const auto& region : regions_) {
        for (auto at = region.find(bytes); at != std::string::npos; at = region.find(bytes, at + 1)) {
            ++out;
        }
    }
    return out;
}

std::size_t ProcessMemory::size() const {
    std::size_t out = 0;
    for (const auto& region : regions_) {
        out += region.size();
    }
    return out;
}

std::string environment_of(pid_t process) {
    return text_of("/proc/" + std::to_string(process) + "/environ");
}

KeyTraces traces_of_key(const ProcessMemory& memory, const std::string& key) {
    const auto bytes = from_hex(key).value();
    auto text = to_hex_bare(bytes);
    KeyTraces out;
    for (std::size_t at = 0; at < bytes.size(); at += 8) {
        auto piece = as_string(BytesView(bytes).subspan(at, 8));
        out.raw = std::max(out.raw, memory.count(piece));
        std::reverse(piece.begin(), piece.end());
        out.reversed = std::max(out.reversed, memory.count(piece));
    }
    for (std::size_t at = 0; at < text.size(); at += 16) {
        auto piece = text.substr(at, 16);
        out.hex += memory.count(piece);
        std::transform(piece.begin(), piece.end(), piece.begin(),
                       [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        out.hex += memory.count(piece);
    }
    return out;
}

}  // namespace lamda::integration
