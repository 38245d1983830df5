// A list of schema `api` as data: its view, filters, orders, and the JSON of a row.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/json_writer.hpp"
#include "store/database.hpp"

namespace lamda::views {

enum class FieldType {
    kText,
    kAddress,
    kBytes32,
    kAmount,
    kBoolean,
    kTime,
    kStatus,
    kChainState,
    kWorkState,
    kSpecCid  ///< CID of a job's spec; the jobs that have it are found by its digest
};

/// A field that a list can be filtered by.
struct Filter {
    std::string_view name;    ///< as in the request
    std::string_view column;  ///< of the view
    std::string_view op;      ///< =, >=, <=
    FieldType type;
    bool indexed = false;  ///< served by an index together with each of the list's orders
    bool several = false;  ///< takes several values: rows with any of them
};

/// A column of the sort key. The whole key is unique.
struct SortColumn {
    std::string_view column;
    std::string_view sql_type;
};

/// An order of a list, served by an index.
struct Sort {
    std::string_view name;  ///< as in the request: a field, after a hyphen if descending
    std::vector<SortColumn> key;
    bool descending;
};

/// A member of a row's JSON, and the column that it is read from.
struct Field {
    std::string_view name;
    std::string_view column;
    void (*write)(JsonWriter& out, std::string_view column, const store::Row& row);
};

struct Resource {
    std::string_view view;
    std::vector<std::string_view> columns;  ///< read for each row, in addition to those of fields and order
    std::vector<std::string_view> texts;    ///< the columns of variable length
    std::string_view condition;  ///< SQL condition on `columns` that every row of the list satisfies
    std::vector<Filter> filters;
    std::vector<Sort> sorts;  ///< the first one is the default
    std::vector<Field> fields;
};

}  // namespace lamda::views
