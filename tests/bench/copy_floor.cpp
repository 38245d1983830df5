// Dump and bare COPY of tables with libpq.
#include <libpq-fe.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "floor.hpp"
#include "report.hpp"

namespace lamda::bench {

namespace {

struct Close {
    void operator()(PGconn* connection) const { PQfinish(connection); }
    void operator()(PGresult* result) const { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, Close>;

[[noreturn]] void failed(const Connection& connection) {
    throw std::runtime_error(std::string("PostgreSQL: ") + PQerrorMessage(connection.get()));
}

Connection connect(const std::string& dsn) {
    Connection out(PQconnectdb(dsn.c_str()));
    if (PQstatus(out.get()) != CONNECTION_OK) {
        failed(out);
    }
    return out;
}

void exec(const Connection& connection, const std::string& sql, ExecStatusType wanted) {
    const std::unique_ptr<PGresult, Close> result(PQexec(connection.get(), sql.c_str()));
    if (PQresultStatus(result.get()) != wanted) {
        failed(connection);
    }
}

void finish(const Connection& connection) {
    while (PGresult* result = PQgetResult(connection.get())) {
        const std::unique_ptr<PGresult, Close> owned(result);
        if (PQresultStatus(result) != PGRES_COMMAND_OK) {
            failed(connection);
        }
    }
}

}  // namespace

void dump(const std::string& dsn, TableDump& table) {
    const auto connection = connect(dsn);
    exec(connection,
         "COPY (SELECT " + table.columns + " FROM " + table.table + " WHERE " + table.where + " ORDER BY " +
             table.order + ") TO STDOUT (FORMAT binary)",
         PGRES_COPY_OUT);
    table.rows.clear();
    for (char* line = nullptr;;) {
        const int size = PQgetCopyData(connection.get(), &line, 0);
        if (size < 0) {
            break;
        }
        table.rows.append(line, static_cast<std::size_t>(size));
        PQfreemem(line);
    }
    finish(connection);
}

double copy(const std::string& dsn, const std::vector<TableDump>& tables) {
    constexpr std::size_t kPiece = 1U << 20;
    const auto connection = connect(dsn);
    const double begin = now_seconds();
    exec(connection, "BEGIN", PGRES_COMMAND_OK);
    for (const auto& table : tables) {
        exec(connection, "COPY " + table.table + " (" + table.columns + ") FROM STDIN (FORMAT binary)",
             PGRES_COPY_IN);
        for (std::size_t at = 0; at < table.rows.size(); at += kPiece) {
            const auto size = std::min(kPiece, table.rows.size() - at);
            if (PQputCopyData(connection.get(), table.rows.data() + at, static_cast<int>(size)) != 1) {
                failed(connection);
            }
        }
        if (PQputCopyEnd(connection.get(), nullptr) != 1) {
            failed(connection);
        }
        finish(connection);
    }
    exec(connection, "COMMIT", PGRES_COMMAND_OK);
    return now_seconds() - begin;
}

}  // namespace lamda::bench
