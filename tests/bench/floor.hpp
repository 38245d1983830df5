// Lower bounds of ingestion time: the bare download of the same answers, the bare COPY of the same rows.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace lamda::bench {

struct Download {
    double seconds = 0;
    std::size_t bytes = 0;
};
/// Sends the bodies with libcurl and discards the answers. @param at_once requests in flight, each on its own
/// persistent connection @throws std::runtime_error
Download download(const std::string& url, const std::vector<std::string>& bodies, std::size_t at_once);

/// Rows of one table in COPY's binary form, the fastest to load.
struct TableDump {
    std::string table;
    std::string columns;
    std::string order;
    std::string rows;
    std::string where = "true";  ///< condition on the dumped rows
};
/// Fills `rows`. @throws std::runtime_error with the server's message, as copy() does
void dump(const std::string& dsn, TableDump& table);
/// One transaction, one COPY per table. Returns the seconds from BEGIN to the end of COMMIT.
double copy(const std::string& dsn, const std::vector<TableDump>& tables);

}  // namespace lamda::bench
