// What lies in another process's memory, as a core dump would show it, and what a core dump leaves out.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace lamda::integration {

/// A process's memory: all that is mapped and readable, the environment's block included.
class ProcessMemory {
  public:
    /// Stops the process while it is read. For root. @throws std::runtime_error
    explicit ProcessMemory(pid_t process);
    /// How often the bytes stand there.
    std::size_t count(const std::string& bytes) const;
    std::size_t size() const;

  private:
    std::vector<std::string> regions_;
};

/// /proc/<pid>/environ
std::string environment_of(pid_t process);

/// Copies of the environment that the process was given, beside its own block. A sanitizer's runtime makes
/// one: it reads /proc/self/environ before main, and keeps it.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kCopiesOfEnvironment = 1;
#else
constexpr std::size_t kCopiesOfEnvironment = 0;
#endif

/// Where a private key is found. Pieces: a part that is left of a wiped or reused copy counts as well.
struct KeyTraces {
    std::size_t raw = 0;       ///< the most that any 8 of its 32 bytes are found
    std::size_t reversed = 0;  ///< the same in the order in which libsecp256k1 computes
    std::size_t hex = 0;       ///< 16 of its hex digits, lowercase or uppercase: a whole copy counts kPieces
    static constexpr std::size_t kPieces = 4;
    bool operator==(const KeyTraces&) const = default;
};
/// @param key  64 hex digits, with or without 0x
KeyTraces traces_of_key(const ProcessMemory& memory, const std::string& key);

}  // namespace lamda::integration
