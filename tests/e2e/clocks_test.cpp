// Sets the wall clock of each process a day forward and back while jobs run (libfaketime).
#include <filesystem>
#include <fstream>

#include "e2e/scenario.hpp"

using namespace lamda;
using namespace lamda::e2e;

namespace {

/// One clock per process, set by a file. The steady clock is unchanged.
class WallClocks {
  public:
    explicit WallClocks(const std::string& dir) : dir_(dir) {
        const auto library = std::filesystem::path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1");
        INFO("apt-get install faketime");
        REQUIRE(std::filesystem::exists(library));
        library_ = library.string();
    }
    std::map<std::string, std::string> environment(const std::string& process) {
        set(process, 0);
        return {{"LD_PRELOAD", library_},
                {"FAKETIME_TIMESTAMP_FILE", file(process)},
                {"FAKETIME_DONT_FAKE_MONOTONIC", "1"},
                {"FAKETIME_CACHE_DURATION", "1"}};
    }
    void set(const std::string& process, int seconds) const {
        const auto fresh = file(process) + ".new";
        std::ofstream(fresh) << (seconds < 0 ? "" : "+") << seconds << "\n";
        std::filesystem::rename(fresh, file(process));
    }

  private:
    std::string file(const std::string& process) const { return dir_ + "/" + process + ".time"; }
    std::string dir_;
    std::string library_;
};

}  // namespace

TEST_CASE("a wall clock set a day forward or back in each process loses no attempt") {
    constexpr int kDay = 86'400;
    const testkit::TempDir dir("clocks");
    WallClocks clocks(dir.path());
    Scenario s("clocks-market");
    s.network().register_provider(0);
    s.network().register_provider(1);
    for (const auto& name : s.network().services()) {
        s.network().start_service(name, clocks.environment(name));
    }
    for (const auto& name : s.network().services()) {
        s.network().wait_ready(name);
    }
    std::vector<localnet::OrderedJob> jobs;
    for (const auto& name : s.network().services()) {
        for (const int seconds : {kDay, -kDay}) {
            INFO(name << " by " << seconds << " s");
            jobs.push_back(s.market().order(jobs.size()));
            clocks.set(name, seconds);
            jobs.push_back(s.market().order(jobs.size()));
            s.wait_rewarded(jobs);
            clocks.set(name, 0);
        }
    }
    s.wait_rewarded(jobs);
    const auto rewards = s.rewards();
    for (const auto& job : jobs) {
        INFO(job.id.hex());
        CHECK(s.job(job.id).at("attempt") == 1);
        CHECK(rewards.at(job.id) == 1);
    }
}
