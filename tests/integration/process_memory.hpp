// Search in another process's memory: the content of a core dump, and the mappings that a core dump omits.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace lamda::integration {

/// Memory of a process: all readable mappings, including the environment block.
class ProcessMemory {
  public:
    /// Stops the process while it is read. Requires root. @throws std::runtime_error
    explicit ProcessMemory(pid_t process);
    /// Number of occurrences of the bytes.
    std::size_t count(const std::string& bytes) const;
    std::size_t size() const;

  private:
    std::vector<std::string> regions_;
};

/// Content of /proc/<pid>/environ.
std::string environment_of(pid_t process);

/// Copies of the initial environment in addition to its own block. A sanitizer's runtime makes one: it reads
/// /proc/self/environ before main, and keeps it.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kCopiesOfEnvironment = 1;
#else
constexpr std::size_t kCopiesOfEnvironment = 0;
#endif

/// Occurrences of a private key. Pieces: remains of a wiped or reused copy count as well.
struct KeyTraces {
    std::size_t raw = 0;       ///< most occurrences of any 8 of its 32 bytes
    std::size_t reversed = 0;  ///< the same in the byte order of libsecp256k1's arithmetic
    std::size_t hex =
        0;  ///< occurrences of 16 of its hex digits, in either case: a whole copy counts kPieces
    static constexpr std::size_t kPieces = 4;
    bool operator==(const KeyTraces&) const = default;
};
/// @param key  64 hex digits, with or without 0x
KeyTraces traces_of_key(const ProcessMemory& memory, const std::string& key);

}  // namespace lamda::integration
