// A contract's interface, read from its ABI file and validated, with its names in C++.
#pragma once

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.hpp"

namespace lamda::abigen {

/// The file cannot be turned into C++; the message names the entry and the reason.
class BadAbi : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

struct Param;

struct Type {
    enum class Kind { kBool, kAddress, kBytes32, kUint, kString, kBytes, kTuple };
    Kind kind = Kind::kBool;
    unsigned bits = 0;           ///< of kUint: 8, 16, 32, 64 or 256
    std::string struct_name;     ///< of kTuple
    std::vector<Param> members;  ///< of kTuple
    bool is_dynamic() const { return kind == Kind::kString || kind == Kind::kBytes || kind == Kind::kTuple; }
    /// The type's name in a signature.
    std::string canonical() const;
};

struct Param {
    std::string abi_name;  ///< may be empty
    std::string field;
    Type type;
    bool indexed = false;
};

/// An event, a function or an error.
struct Entry {
    std::string abi_name;
    std::string struct_name;
    std::vector<Param> inputs;
    std::vector<Param> outputs;
    std::string signature() const;
    Bytes32 signature_hash() const;
};

struct Contract {
    std::string title;  ///< JobManager
    std::string name;   ///< job_manager
    std::string compiler;
    std::vector<Type> structs;
    std::vector<Entry> events;
    std::vector<Entry> functions;
    std::vector<Entry> errors;
    Bytes creation_code;
};

/// Parses an ABI file. @throws BadAbi
Contract parse_contract(std::string_view json_text);

/// The text of <name>.hpp and <name>.cpp.
std::string header_text(const Contract& contract);
std::string source_text(const Contract& contract);

/// The C++ type of a field: `U256`, `std::string`, …
std::string cpp_type(const Type& type);
/// `0x12, 0x34, …`
std::string byte_list(BytesView bytes);

}  // namespace lamda::abigen
