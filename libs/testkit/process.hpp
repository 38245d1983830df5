// Child processes for tests and lamda-devnet: started, watched, killed with their process group.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"

namespace lamda::testkit {

struct ProcessSpec {
    std::vector<std::string> argv;
    /// Added to the minimal environment: PATH, HOME=cwd, LANG, and LAMDA_TEST_PATIENCE if it is set.
    std::map<std::string, std::string> env;
    std::string cwd;
    std::string log_file;      ///< stdout and stderr are appended to it; empty: /dev/null
    bool as_postgres = false;  ///< setpriv to user postgres when root
};

/// A child process. Ends with its parent (PR_SET_PDEATHSIG) and with this object.
class Process {
  public:
    explicit Process(ProcessSpec spec);
    ~Process();
    Process(Process&&) noexcept;
    Process& operator=(Process&&) noexcept;
    pid_t pid() const;
    bool running();
    void signal(int number);
    /// SIGTERM, then SIGKILL of the group after `timeout`, times `patience()`. Returns the exit status (128 +
    /// signal if killed).
    int stop(Millis timeout = Millis(30'000));
    int kill();  ///< SIGKILL and reap
    /// Exit status; absent if it still runs after `timeout`, times `patience()`.
    std::optional<int> wait(Millis timeout);
    /// Starts the same spec again.
    void restart(const std::map<std::string, std::string>& more_env = {});

  private:
    ProcessSpec spec_;
    pid_t pid_ = -1;
    std::optional<int> status_;
};

/// Result of run(), which kills the process after `timeout`, times `patience()`. Output is stdout and stderr
/// together.
struct Finished {
    int status;
    std::string output;
};
Finished run(const ProcessSpec& spec, Millis timeout = Millis(180'000));

/// A folder below the build folder, removed by the destructor unless LAMDA_KEEP is set or the test failed.
class TempDir {
  public:
    explicit TempDir(const std::string& name);
    ~TempDir();
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

/// A currently free port on 127.0.0.1. Reserved until this process ends: no other process gets it from this
/// function.
int free_port();
/// Polls every 20 ms until true; false after `timeout`, times `patience()`.
bool wait_until(const std::function<bool()>& condition, Millis timeout = Millis(60'000));
/// Root of the source checkout, and of the build tree (LAMDA_SOURCE_DIR, LAMDA_BINARY_DIR of the build).
std::string source_dir();
std::string binary_dir();

}  // namespace lamda::testkit
