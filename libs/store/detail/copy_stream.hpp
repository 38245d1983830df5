// One COPY … FROM STDIN (FORMAT binary) on libpq: libpqxx streams text only. Private to store.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/row_writer.hpp"

struct pg_conn;

namespace lamda::store {

/// One COPY: starts with construction, takes pieces until complete(). Cancelled if complete() is not called.
/// @throws ConstraintViolation; pqxx::sql_error, pqxx::broken_connection, for Connection::mapped
class CopyIn {
  public:
    CopyIn(pg_conn* connection, const CopyShape& shape);
    ~CopyIn();
    CopyIn(const CopyIn&) = delete;
    CopyIn& operator=(const CopyIn&) = delete;
    void send(std::string_view piece);
    void complete();

  private:
    pg_conn* connection_;
    std::string statement_;
    bool open_ = false;
};

/// Sends rows piece by piece while they are encoded.
class CopyStream final : public RowWriter {
  public:
    CopyStream(pg_conn* connection, const CopyShape& shape);
    void complete();

  private:
    void end_row() override;
    /// @throws std::logic_error: a sent row cannot be changed
    void note_deferred(std::size_t place) override;
    void send();

    CopyIn copy_;
};

/// Sends rows that are already encoded.
void copy_encoded(pg_conn* connection, const EncodedRows& rows);

/// Reads the shape from an existing table.
/// @throws StatementError if a column has a type that COPY cannot fill; else as above
CopyShape copy_shape(pg_conn* connection, std::string_view table, const std::string& columns);

}  // namespace lamda::store
