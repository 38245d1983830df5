#include "contracts/generator/abi_model.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "contracts/generator/names.hpp"
#include "crypto/digest.hpp"

namespace lamda::abigen {
namespace {

using nlohmann::json;

std::string text_of(const json& object, const char* key) {
    if (!object.is_object() || !object.contains(key) || !object.at(key).is_string()) {
        throw BadAbi(std::string("a string `") + key + "` is missing");
    }
    return object.at(key).get<std::string>();
}

std::string checked_identifier(const std::string& name) {
    if (!is_identifier(name) || !is_identifier(snake_case(name)) || !is_identifier(pascal_case(name))) {
        throw BadAbi("`" + name + "` is not a name");
    }
    return name;
}

std::vector<Param> params_of(const json& object, const char* key);

Type tuple_of(const json& param) {
    Type out;
    out.kind = Type::Kind::kTuple;
    const std::string internal = text_of(param, "internalType");  // "struct NodeReputation.NodeInfo"
    out.struct_name = checked_identifier(internal.substr(internal.find_last_of(". ") + 1));
    out.members = params_of(param, "components");
    if (std::none_of(out.members.begin(), out.members.end(),
                     [](const Param& p) { return p.type.is_dynamic(); })) {
        throw BadAbi("tuples without a dynamic member are not supported");
    }
    return out;
}

Type type_of(const json& param) {
    const std::string name = text_of(param, "type");
    using Kind = Type::Kind;
    for (const unsigned bits : {8U, 16U, 32U, 64U, 256U}) {
        if (name == "uint" + std::to_string(bits)) {
            return {Kind::kUint, bits, {}, {}};
        }
    }
    if (name == "tuple") {
        return tuple_of(param);
    }
    static const std::vector<std::pair<std::string, Kind>> kSimple = {{"bool", Kind::kBool},
                                                                      {"address", Kind::kAddress},
                                                                      {"bytes32", Kind::kBytes32},
                                                                      {"string", Kind::kString},
                                                                      {"bytes", Kind::kBytes}};
    for (const auto& [simple, kind] : kSimple) {
        if (name == simple) {
            return {kind, 0, {}, {}};
        }
    }
    throw BadAbi("the type `" + name + "` is not supported");
}

std::vector<Param> params_of(const json& object, const char* key) {
    if (!object.contains(key) || !object.at(key).is_array()) {
        throw BadAbi(std::string("an array `") + key + "` is missing");
    }
    std::vector<Param> out;
    std::set<std::string> seen;
    for (const json& param : object.at(key)) {
        Param made;
        made.abi_name = text_of(param, "name");
        made.field = made.abi_name.empty() ? "arg" + std::to_string(out.size())
                                           : snake_case(checked_identifier(made.abi_name));
        made.type = type_of(param);
        made.indexed = param.value("indexed", false);
        if (made.indexed && made.type.is_dynamic()) {
            throw BadAbi("an indexed `" + made.type.canonical() +
                         "` is not supported: the log holds its hash only");
        }
        if (!seen.insert(made.field).second) {
            throw BadAbi("two parameters are called `" + made.field + "`");
        }
        out.push_back(std::move(made));
    }
    return out;
}

void collect_structs(const std::vector<Param>& params, std::vector<Type>& out) {
    for (const Param& param : params) {
        if (param.type.kind != Type::Kind::kTuple) {
            continue;
        }
        collect_structs(param.type.members, out);
        const auto known = std::find_if(
            out.begin(), out.end(), [&](const Type& t) { return t.struct_name == param.type.struct_name; });
        if (known == out.end()) {
            out.push_back(param.type);
        } else if (known->canonical() != param.type.canonical()) {
            throw BadAbi("two different structs are called `" + param.type.struct_name + "`");
        }
    }
}

void add_entry(Contract& contract, const json& item, const std::string& kind) {
    Entry entry;
    entry.abi_name = checked_identifier(text_of(item, "name"));
    entry.struct_name = pascal_case(entry.abi_name);
    entry.inputs = params_of(item, "inputs");
    if (kind == "function") {
        entry.outputs = params_of(item, "outputs");
    }
    collect_structs(entry.inputs, contract.structs);
    collect_structs(entry.outputs, contract.structs);
    if (kind == "event" && item.value("anonymous", false)) {
        throw BadAbi("anonymous events are not supported");
    }
    auto& entries = kind == "event"      ? contract.events
                    : kind == "function" ? contract.functions
                                         : contract.errors;
    entries.push_back(std::move(entry));
}

void refuse_name_twice(const Contract& contract) {
    std::set<std::string> seen = {"Event"};
    const auto add = [&](const std::string& name) {
        if (!seen.insert(name).second) {
            throw BadAbi("two structs would be called `" + name + "`; overloads are not supported");
        }
    };
    for (const auto& type : contract.structs) {
        add(type.struct_name);
    }
    for (const auto* entries : {&contract.events, &contract.functions, &contract.errors}) {
        for (const Entry& entry : *entries) {
            add(entry.struct_name);
            if (!entry.outputs.empty()) {
                add(entry.struct_name + "Result");
            }
        }
    }
}

std::string joined(const std::vector<Param>& params) {
    std::string out;
    for (const Param& param : params) {
        out += (out.empty() ? "" : ",") + param.type.canonical();
    }
    return "(" + out + ")";
}

}  // namespace

std::string Type::canonical() const {
    switch (kind) {
        case Kind::kBool:
            return "bool";
        case Kind::kAddress:
            return "address";
        case Kind::kBytes32:
            return "bytes32";
        case Kind::kUint:
            return "uint" + std::to_string(bits);
        case Kind::kString:
            return "string";
        case Kind::kBytes:
            return "bytes";
        case Kind::kTuple:
            return joined(members);
    }
    throw std::logic_error("a kind outside its enumeration");
}

std::string Entry::signature() const {
    return abi_name + joined(inputs);
}
Bytes32 Entry::signature_hash() const {
    return crypto::keccak256(as_bytes(signature()));
}

Contract parse_contract(std::string_view json_text) {
    const json file = json::parse(json_text, nullptr, false);
    if (!file.is_object() || !file.contains("abi") || !file.at("abi").is_array()) {
        throw BadAbi("a JSON object with an array `abi` is needed");
    }
    Contract out;
    out.title = checked_identifier(text_of(file, "contractName"));
    out.name = snake_case(out.title);
    out.compiler = text_of(file, "compiler");
    const auto code = from_hex(text_of(file, "bytecode"));
    if (!code || code->empty()) {
        throw BadAbi("`bytecode` is not hexadecimal, or empty, or has libraries to link");
    }
    out.creation_code = *code;
    for (const json& item : file.at("abi")) {
        const std::string kind = text_of(item, "type");
        if (kind != "event" && kind != "function" && kind != "error") {
            continue;  // constructor, fallback, receive: not generated
        }
        try {
            add_entry(out, item, kind);
        } catch (const BadAbi& bad) {
            throw BadAbi(kind + " " + item.value("name", "?") + ": " + bad.what());
        }
    }
    if (out.events.empty()) {
        throw BadAbi("a contract without events cannot be followed");
    }
    refuse_name_twice(out);
    return out;
}

std::string cpp_type(const Type& type) {
    switch (type.kind) {
        case Type::Kind::kBool:
            return "bool";
        case Type::Kind::kAddress:
            return "Address";
        case Type::Kind::kBytes32:
            return "Bytes32";
        case Type::Kind::kUint:
            return type.bits == 256 ? "U256" : "std::uint" + std::to_string(type.bits) + "_t";
        case Type::Kind::kString:
            return "std::string";
        case Type::Kind::kBytes:
            return "Bytes";
        case Type::Kind::kTuple:
            return type.struct_name;
    }
    throw std::logic_error("a kind outside its enumeration");
}

std::string byte_list(BytesView bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        out += i == 0 ? "" : i % 16 == 0 ? ",\n    " : ", ";
        out += "0x";
        out.push_back(kDigits[bytes[i] >> 4]);
        out.push_back(kDigits[bytes[i] & 15]);
    }
    return out;
}

}  // namespace lamda::abigen
