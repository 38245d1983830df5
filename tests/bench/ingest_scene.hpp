// Setup of the ingestion benchmark: a chain full of logs, a database server and a bus.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "floor.hpp"
#include "huge_pages.hpp"
#include "rpc_recorder.hpp"
#include "testkit/job_logs.hpp"
#include "testkit/process.hpp"
#include "testkit/servers.hpp"

namespace lamda::bench {

class IngestScene {
  public:
    /// @param executables folder of the lamda-job-dispatcher to measure
    explicit IngestScene(const std::string& executables);

    /// Adds so many JobCreated logs, and enough empty blocks above them for finality.
    void make_logs(std::uint64_t count, std::uint64_t per_block);
    std::uint64_t logs() const { return logs_; }
    /// MiB of the server's memory in huge pages; 0: none were available.
    std::uint64_t huge_mib() const { return huge_mib_; }

    struct Run {
        double seconds = 0;      ///< from process start to the commit of the last row
        double cpu_seconds = 0;  ///< of the dispatcher only
        double peak_mib = 0;     ///< private memory
    };
    /// Ingests all logs into a new, migrated database. @throws std::runtime_error if rows are missing
    Run run_dispatcher() { return run_newest(logs_); }
    /// Ingests only the newest `logs` logs: the start block is their first block.
    /// @pre a multiple of the logs per block, from the newest make_logs()
    Run run_newest(std::uint64_t logs);

    struct Floor {
        RpcRecorder::Recording asked;
        std::size_t bytes = 0;  ///< size of the answers
        std::vector<TableDump> tables;
    };
    /// An unmeasured run of the dispatcher: records its requests, and the rows that it writes.
    Floor learn_floor();
    struct FloorTime {
        double download = 0;
        double copy = 0;
    };
    FloorTime run_floor(const Floor& floor);
    /// Seconds of a bare COPY of the last run's rows into a new database. The rows are kept in memory
    /// meanwhile: 0.6 GB for a million logs.
    double copy_again();

    /// Ponder's time for the same logs, measured by its script. @throws std::runtime_error with its output
    double run_peer();

  private:
    std::string fresh_database();
    std::vector<TableDump> rows_of(const std::string& dsn) const;
    Run run(const std::string& dsn, const std::string& rpc_url, std::uint64_t logs);
    void check_rows(const std::string& dsn, std::uint64_t logs) const;

    std::string executables_;
    testkit::TempDir dir_;
    HugePages huge_pages_;
    std::uint64_t huge_mib_ = HugePages::free_mib();
    testkit::PostgresServer postgres_;
    testkit::NatsServer nats_;
    testkit::Anvil anvil_;
    testkit::JobLogs maker_;
    std::uint64_t logs_ = 0;
    std::uint64_t per_block_ = 1;
    BlockNum last_block_;  ///< the last block with logs
    int databases_ = 0;
    std::string database_;  ///< the newest database
};

}  // namespace lamda::bench
