#include "crypto/detail/key_page.hpp"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <new>

namespace lamda::crypto {

KeyPage::KeyPage() : page_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))) {
    void* start = ::mmap(nullptr, page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) {
        throw std::bad_alloc();
    }
    start_ = static_cast<std::uint8_t*>(start);
    // Each call reduces the risk of a leak. Failure is ignored: a container may forbid them.
    ::madvise(start, page_, MADV_DONTDUMP);
    ::madvise(start, page_, MADV_WIPEONFORK);
    ::mlock(start, page_);
}

KeyPage::~KeyPage() {
    ::explicit_bzero(start_, page_);
    ::munmap(start_, page_);
}

}  // namespace lamda::crypto
