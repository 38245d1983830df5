// One COPY … FROM STDIN (FORMAT binary), on libpq itself: libpqxx streams text alone. Private to store.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/row_writer.hpp"

struct pg_conn;

namespace lamda::store {

/// One COPY: begins with construction; takes pieces until complete(). Without that it is cancelled.
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
    bool under_way_ = false;
};

/// Rows leave piece by piece while they are made.
class CopyStream final : public RowWriter {
  public:
    CopyStream(pg_conn* connection, const CopyShape& shape);
    void complete();

  private:
    void end_row() override;
    /// @throws std::logic_error: the rows leave at once
    void note_later(std::size_t place) override;
    void send();

    CopyIn copy_;
};

/// Rows that are made already.
void copy_encoded(pg_conn* connection, const EncodedRows& rows);

/// Of a table that is there.
/// @throws StatementError when a column is of a type that no COPY fills; else as above
CopyShape copy_shape(pg_conn* connection, std::string_view table, const std::string& columns);

}  // namespace lamda::store
