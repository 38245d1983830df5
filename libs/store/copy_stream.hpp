// One COPY … FROM STDIN (FORMAT binary), on libpq itself: libpqxx streams text alone. Private to store.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/row_writer.hpp"

struct pg_conn;

namespace lamda::store {

/// Begins with construction; takes rows until complete(). Without that it is cancelled.
/// @throws pqxx::sql_error, pqxx::broken_connection, for Connection::mapped
class CopyStream final : public RowWriter {
  public:
    CopyStream(pg_conn* connection, std::string_view table, const std::string& columns,
               std::vector<ColumnType> types);
    ~CopyStream() override;
    void complete();

  private:
    void end_row() override;
    void send();

    pg_conn* connection_;
    std::string statement_;
    bool under_way_ = false;
};

/// Types of the columns of a table, which is there.
/// @throws StatementError when one is of a type that no COPY fills; else as above
std::vector<ColumnType> column_types(pg_conn* connection, std::string_view table, const std::string& columns);

}  // namespace lamda::store
