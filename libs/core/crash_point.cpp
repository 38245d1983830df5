#include "core/crash_point.hpp"

#ifdef LAMDA_CRASH_POINTS
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>

namespace lamda {

void crash_point(const char* name) {
    static const std::string wanted = [] {
        const char* value = std::getenv("LAMDA_CRASH_AT");
        return std::string(value == nullptr ? "" : value);
    }();
    if (wanted.empty()) {
        return;
    }
    static const auto colon = wanted.find(':');
    static const std::string wanted_name = wanted.substr(0, colon);
    static const int wanted_pass = colon == std::string::npos ? 1 : std::atoi(wanted.c_str() + colon + 1);
    static std::atomic<int> passes = 0;
    if (wanted_name == name && ++passes == wanted_pass) {
        std::raise(SIGKILL);
    }
}

}  // namespace lamda
#endif
