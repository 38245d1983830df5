#include "store/detail/copy_stream.hpp"

#include <libpq-fe.h>

#include <pqxx/pqxx>

#include "store/database.hpp"

namespace lamda::store {

namespace {

/// Size of a piece: the server processes one while the next is encoded.
constexpr std::size_t kPiece = 32U << 10;
/// Signature, flags and length of the extension: COPY, "Binary Format".
constexpr std::string_view kHeader("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
constexpr std::string_view kTrailer("\377\377", 2);

/// SQLSTATE class: integrity constraint violation.
constexpr std::string_view kConstraintClass("23");

struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Clear>;

[[noreturn]] void failed(PGconn* connection, const PGresult* result, const std::string& statement) {
    const char* state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (state == nullptr || PQstatus(connection) != CONNECTION_OK) {
        throw pqxx::broken_connection(PQerrorMessage(connection));
    }
    if (std::string_view(state).starts_with(kConstraintClass)) {
        // Read from the field: the text is in the server's language.
        const char* constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
        throw ConstraintViolation(
            "PostgreSQL: " + std::string(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)),
            constraint == nullptr ? "" : constraint);
    }
    throw pqxx::sql_error(PQresultErrorMessage(result), statement, state);
}

/// OIDs of pg_type for built-in types never change.
ColumnType type_of(Oid type, std::string_view name) {
    switch (type) {
        case 16:
            return ColumnType::kBoolean;
        case 17:
            return ColumnType::kBytes;
        case 23:
            return ColumnType::kInteger;
        case 20:
            return ColumnType::kBigint;
        case 1700:
            return ColumnType::kNumeric;
        case 25:
            return ColumnType::kText;
        case 3802:
            return ColumnType::kJson;
        case 1184:
            return ColumnType::kTime;
        default:
            throw StatementError("PostgreSQL: no COPY fills column " + std::string(name) + " of type " +
                                 std::to_string(type));
    }
}

}  // namespace

CopyShape copy_shape(PGconn* connection, std::string_view table, const std::string& columns) {
    const auto statement = "SELECT " + columns + " FROM " + std::string(table) + " LIMIT 0";
    const Answer answer(PQexec(connection, statement.c_str()));
    if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK) {
        failed(connection, answer.get(), statement);
    }
    CopyShape out{std::string(table), columns, {}};
    out.types.reserve(static_cast<std::size_t>(PQnfields(answer.get())));
    for (int i = 0; i < PQnfields(answer.get()); ++i) {
        out.types.push_back(type_of(PQftype(answer.get(), i), PQfname(answer.get(), i)));
    }
    return out;
}

CopyIn::CopyIn(PGconn* connection, const CopyShape& shape)
    : connection_(connection),
      statement_("COPY " + shape.table + " (" + shape.columns + ") FROM STDIN (FORMAT binary)") {
    const Answer answer(PQexec(connection_, statement_.c_str()));
    if (PQresultStatus(answer.get()) != PGRES_COPY_IN) {
        failed(connection_, answer.get(), statement_);
    }
    open_ = true;
}

CopyIn::~CopyIn() {
    if (open_ && PQputCopyEnd(connection_, "the rows ended early") == 1) {
        while (const Answer rest{PQgetResult(connection_)}) {
        }
    }
}

void CopyIn::send(std::string_view piece) {
    if (PQputCopyData(connection_, piece.data(), static_cast<int>(piece.size())) != 1) {
        open_ = false;
        failed(connection_, nullptr, statement_);
    }
}

void CopyIn::complete() {
    send(kTrailer);
    open_ = false;
    if (PQputCopyEnd(connection_, nullptr) != 1) {
        failed(connection_, nullptr, statement_);
    }
    Answer first(PQgetResult(connection_));
    while (const Answer rest{PQgetResult(connection_)}) {
    }
    if (PQresultStatus(first.get()) != PGRES_COMMAND_OK) {
        failed(connection_, first.get(), statement_);
    }
}

CopyStream::CopyStream(PGconn* connection, const CopyShape& shape)
    : RowWriter(shape.types), copy_(connection, shape) {
    buffer().reserve(kPiece * 2);
    buffer() += kHeader;
}

void CopyStream::end_row() {
    if (buffer().size() >= kPiece) {
        send();
    }
}

void CopyStream::note_deferred(std::size_t /*place*/) {
    throw std::logic_error("a streamed row cannot hold a DeferredId");
}

void CopyStream::send() {
    copy_.send(buffer());
    buffer().clear();
}

void CopyStream::complete() {
    send();
    copy_.complete();
}

void copy_encoded(PGconn* connection, const EncodedRows& rows) {
    CopyIn copy(connection, rows.shape());
    copy.send(kHeader);
    for (auto rest = rows.bytes(); !rest.empty();) {
        const auto piece = rest.substr(0, kPiece);
        copy.send(piece);
        rest.remove_prefix(piece.size());
    }
    copy.complete();
}

}  // namespace lamda::store
