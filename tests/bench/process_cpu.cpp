#include "process_cpu.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

namespace lamda::bench {

namespace {

struct Entry {
    std::string name;
    pid_t parent = 0;
    double seconds = 0;
};

/// Reads /proc/<pid>/stat (proc(5)); an ended process gives an entry without a parent.
Entry read_entry(const std::filesystem::path& path) {
    std::ifstream in(path / "stat");
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto open = text.find('(');
    const auto close = text.rfind(')');
    Entry out;
    if (open == std::string::npos || close == std::string::npos) {
        return out;
    }
    out.name = text.substr(open + 1, close - open - 1);
    std::istringstream rest(text.substr(close + 1));
    const std::vector<std::string> fields{std::istream_iterator<std::string>(rest), {}};
    constexpr std::size_t kParent = 1;  // counted from the state, the field after the name
    constexpr std::size_t kUserTime = 11;
    constexpr std::size_t kTimes = 4;  // user, system, and both of ended children
    if (fields.size() < kUserTime + kTimes) {
        return out;
    }
    out.parent = std::stoi(fields[kParent]);
    for (std::size_t i = 0; i < kTimes; ++i) {
        out.seconds += std::stod(fields[kUserTime + i]) / static_cast<double>(::sysconf(_SC_CLK_TCK));
    }
    return out;
}

}  // namespace

double cpu_of_processes(const std::vector<std::string>& names) {
    std::map<pid_t, Entry> all;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const auto name = entry.path().filename().string();
        if (std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) {
            all[std::stoi(name)] = read_entry(entry.path());
        }
    }
    const auto is_ours = [&](pid_t pid) {
        while (pid > 1 && pid != ::getpid()) {
            pid = all.contains(pid) ? all.at(pid).parent : 0;
        }
        return pid == ::getpid();
    };
    double out = 0;
    for (const auto& [pid, entry] : all) {
        if (std::find(names.begin(), names.end(), entry.name) != names.end() && is_ours(pid)) {
            out += entry.seconds;
        }
    }
    return out;
}

}  // namespace lamda::bench
