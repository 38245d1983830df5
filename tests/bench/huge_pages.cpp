#include "huge_pages.hpp"

#include <fstream>
#include <string>

namespace lamda::bench {

namespace {

constexpr auto kReserved = "/proc/sys/vm/nr_hugepages";

/// A value of /proc/meminfo; 0 if absent.
std::uint64_t meminfo(const std::string& name) {
    std::ifstream file("/proc/meminfo");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(name + ":")) {
            return std::stoull(line.substr(name.size() + 1));
        }
    }
    return 0;
}

std::uint64_t page_kib() {
    return meminfo("Hugepagesize");
}

bool reserve(std::uint64_t pages) {
    std::ofstream file(kReserved);
    file << pages << std::flush;
    return file.good();
}

}  // namespace

std::uint64_t HugePages::free_mib() {
    return meminfo("HugePages_Free") * page_kib() / 1'024;
}

HugePages::HugePages(std::uint64_t mib) : before_(meminfo("HugePages_Total")) {
    if (page_kib() > 0 && free_mib() < mib) {
        const auto missing = (mib - free_mib()) * 1'024;
        changed_ = reserve(before_ + (missing + page_kib() - 1) / page_kib());
    }
}

HugePages::~HugePages() {
    if (changed_) {
        reserve(before_);
    }
}

}  // namespace lamda::bench
