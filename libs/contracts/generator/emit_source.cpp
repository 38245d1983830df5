// Generates the source file of a contract.
#include <fmt/format.h>

#include <algorithm>

#include "contracts/generator/abi_model.hpp"
#include "contracts/generator/names.hpp"

namespace lamda::abigen {
namespace {

// Locals of generated functions end in an underscore, so that they cannot clash with a field's name.

std::string encode_call(const Param& param, const std::string& object) {
    const std::string value = object + param.field;
    switch (param.type.kind) {
        case Type::Kind::kBool:
            return ".boolean(" + value + ")";
        case Type::Kind::kAddress:
            return ".address(" + value + ")";
        case Type::Kind::kBytes32:
            return ".bytes32(" + value + ")";
        case Type::Kind::kUint:
            return ".uint(U256(" + value + "))";
        case Type::Kind::kString:
            return ".string(" + value + ")";
        case Type::Kind::kBytes:
            return ".bytes(" + value + ")";
        case Type::Kind::kTuple:
            return ".dynamic_tuple(encoder_of(" + value + "))";
    }
    throw std::logic_error("a kind outside its enumeration");
}

/// `abi::Encoder().bytes32(job_id).address(provider)`
std::string encoder(const std::vector<Param>& params, const std::string& object = "") {
    std::string out = "abi::Encoder()";
    for (const Param& param : params) {
        out += encode_call(param, object);
    }
    return out;
}

std::string decode_call(const Type& type, std::size_t slot) {
    switch (type.kind) {
        case Type::Kind::kBool:
            return fmt::format("boolean({})", slot);
        case Type::Kind::kAddress:
            return fmt::format("address({})", slot);
        case Type::Kind::kBytes32:
            return fmt::format("bytes32({})", slot);
        case Type::Kind::kUint:
            return fmt::format("uint({}, {})", slot, type.bits);
        case Type::Kind::kString:
            return fmt::format("string({})", slot);
        case Type::Kind::kBytes:
            return fmt::format("bytes({})", slot);
        case Type::Kind::kTuple:
            return fmt::format("dynamic_tuple({})", slot);
    }
    throw std::logic_error("a kind outside its enumeration");
}

/// Reads one field; on a fault returns it from the generated function.
std::string read_field(const Param& param, std::size_t number, const std::string& expression,
                       const std::string& code, const std::string& owner) {
    const std::string& shown = param.abi_name.empty() ? param.field : param.abi_name;
    const std::string place = owner + "." + shown;
    const auto refuse = [&](const std::string& what) {
        return fmt::format("    if (!{0}) {{\n        return bad(\"{1}\", \"{2}\", {0}.error());\n    }}\n",
                           what, code, place);
    };
    std::string out =
        fmt::format("    auto v{}_ = {};\n", number, expression) + refuse(fmt::format("v{}_", number));
    std::string value = fmt::format("*std::move(v{}_)", number);
    if (param.type.kind == Type::Kind::kUint && param.type.bits != 256) {
        value = fmt::format("v{}_->convert_to<{}>()", number, cpp_type(param.type));
    } else if (param.type.kind == Type::Kind::kTuple) {
        out += fmt::format("    auto t{0}_ = decode_{1}(*v{0}_, \"{2}\");\n", number,
                           snake_case(param.type.struct_name), code) +
               refuse(fmt::format("t{}_", number));
        value = fmt::format("*std::move(t{}_)", number);
    }
    return out + fmt::format("    out_.{} = {};\n", param.field, value);
}

/// The body of a decoder that reads `in_` into a `name`.
std::string decode_body(const std::vector<Param>& params, const std::string& name, const std::string& code,
                        const std::string& owner) {
    std::string out = fmt::format("    {} out_;\n", name);
    for (std::size_t i = 0; i < params.size(); ++i) {
        out += read_field(params[i], i, "in_." + decode_call(params[i].type, i), code, owner);
    }
    return out + "    return out_;\n}\n\n";
}

std::string decode_selected(const Entry& entry, const std::string& code) {
    return fmt::format(
               "Result<{0}> {0}::decode(BytesView data_) {{\n"
               "    if (!has_selector(data_, kSelector)) {{\n"
               "        return Error{{\"{1}\", \"not the selector of {2}\", \"{0}\"}};\n    }}\n",
               entry.struct_name, code, entry.signature()) +
           (entry.inputs.empty() ? "" : "    const abi::Decoder in_(data_.subspan(4));\n") +
           decode_body(entry.inputs, entry.struct_name, code, entry.abi_name);
}

std::string encode_selected(const Entry& entry) {
    return fmt::format("Bytes {}::encode() const {{ return selected(kSelector, {}.finish()); }}\n\n",
                       entry.struct_name, encoder(entry.inputs));
}

std::string tuple_code(const Type& type) {
    return fmt::format("abi::Encoder encoder_of(const {}& value_) {{ return {}; }}\n\n", type.struct_name,
                       encoder(type.members, "value_.")) +
           fmt::format("Result<{0}> decode_{1}(const abi::Decoder& in_, const char* code_) {{\n",
                       type.struct_name, snake_case(type.struct_name)) +
           [&] {
               std::string body = decode_body(type.members, type.struct_name, "@", type.struct_name);
               for (auto at = body.find("\"@\""); at != std::string::npos; at = body.find("\"@\"")) {
                   body.replace(at, 3, "code_");
               }
               return body;
           }();
}

std::string event_code(const Entry& event) {
    std::vector<Param> data;
    std::string topics = "topic()";
    std::string fields;
    std::size_t indexed = 0;
    for (const Param& param : event.inputs) {
        std::string expression;
        if (param.indexed) {
            expression =
                fmt::format("abi::Decoder(log_.topics[{}].view()).{}", ++indexed, decode_call(param.type, 0));
            topics += fmt::format(", topic_word(abi::Encoder(){})", encode_call(param, ""));
        } else {
            expression = "in_." + decode_call(param.type, data.size());
            data.push_back(param);
        }
        fields += read_field(param, indexed + data.size(), expression, "invalid_event", event.abi_name);
    }
    return fmt::format(
        "const Topic& {0}::topic() {{\n    static constexpr Topic kTopic({{{1}}});\n    return "
        "kTopic;\n}}\n\n"
        "Result<{0}> {0}::decode(const eth::Log& log_) {{\n"
        "    if (log_.topics.empty() || log_.topics[0] != topic()) {{\n"
        "        return Error{{\"invalid_event\", \"not the topic of {2}\", \"{0}\"}};\n    }}\n"
        "    if (log_.topics.size() != {3}) {{\n"
        "        return Error{{\"invalid_event\", \"{4} indexed arguments are needed\", \"{0}\"}};\n    }}\n"
        "{5}    {0} out_;\n{6}    return out_;\n}}\n\n"
        "eth::Log {0}::encode(const Address& contract_) const {{\n"
        "    eth::Log log_;\n    log_.address = contract_;\n    log_.topics = {{{7}}};\n"
        "    log_.data = {8}.finish();\n    return log_;\n}}\n\n",
        event.struct_name, byte_list(event.signature_hash().view()), event.signature(), indexed + 1, indexed,
        data.empty() ? "" : "    const abi::Decoder in_(log_.data);\n", fields, topics, encoder(data));
}

std::string function_code(const Entry& function) {
    std::string out = encode_selected(function) + decode_selected(function, "invalid_calldata");
    if (!function.outputs.empty()) {
        const std::string result = function.struct_name + "Result";
        out += fmt::format("Bytes {}::encode() const {{ return {}.finish(); }}\n\n", result,
                           encoder(function.outputs)) +
               fmt::format(
                   "Result<{}> {}::decode_result(BytesView data_) {{\n    const abi::Decoder in_(data_);\n",
                   result, function.struct_name) +
               decode_body(function.outputs, result, "invalid_result", function.abi_name);
    }
    return out;
}

std::string describe_code(const Entry& error) {
    std::string text = fmt::format("RevertText(\"{}\")", error.abi_name);
    for (const Param& param : error.inputs) {
        if (param.type.kind == Type::Kind::kTuple) {
            continue;
        }
        const bool is_bool = param.type.kind == Type::Kind::kBool;
        const bool is_uint = param.type.kind == Type::Kind::kUint;
        text += fmt::format(".{}(\"{}\", {})", is_bool ? "add_bool" : "add", param.abi_name,
                            (is_uint ? "U256(error_->" : "error_->") + param.field + (is_uint ? ")" : ""));
    }
    return fmt::format(
        "    if (const auto error_ = {}::decode(data)) {{\n        return {}.finish();\n    }}\n",
        error.struct_name, text);
}

std::string contract_code(const Contract& contract) {
    std::string topics;
    std::string decode;
    for (const Entry& event : contract.events) {
        topics += (topics.empty() ? "" : ", ") + event.struct_name + "::topic()";
        decode += fmt::format(
            "    if (log.topics[0] == {0}::topic()) {{\n        return as_event({0}::decode(log));\n    }}\n",
            event.struct_name);
    }
    std::string describe;
    for (const Entry& error : contract.errors) {
        describe += describe_code(error);
    }
    return fmt::format(
        "std::vector<Topic> all_topics() {{ return {{{0}}}; }}\n\n"
        "Result<Event> decode_event(const eth::Log& log) {{\n"
        "    if (log.topics.empty()) {{\n"
        "        return Error{{\"unknown_event\", \"a log without topics\", \"{1}\"}};\n    }}\n{2}"
        "    return Error{{\"unknown_event\", \"no event has the topic \" + log.topics[0].hex(), "
        "\"{1}\"}};\n}}\n\n"
        "std::string describe_revert(BytesView data) {{\n{3}    return "
        "describe_standard_revert(data);\n}}\n\n"
        "const Bytes& bytecode() {{\n    static const Bytes kBytes(std::begin(kCreationCode), "
        "std::end(kCreationCode));\n"
        "    return kBytes;\n}}\n\n",
        topics, contract.title, decode, describe);
}

std::string prelude(const Contract& contract) {
    return fmt::format(
        "// Generated by lamda-abigen from {0}.json (solc {1}). Do not edit.\n"
        "#include \"contracts/{2}.hpp\"\n\n"
        "#include <iterator>\n#include <utility>\n\n"
        "#include \"contracts/revert.hpp\"\n#include \"contracts/support.hpp\"\n#include "
        "\"eth/codec/abi.hpp\"\n\n"
        "namespace lamda::contracts::{2} {{\n"
        "namespace {{\n\n"
        "namespace abi = eth::abi;\n"
        "using support::bad;\nusing support::has_selector;\nusing support::selected;\nusing "
        "support::topic_word;\n\n"
        "constexpr std::uint8_t kCreationCode[] = {{\n    {3}}};\n\n"
        "template <class T>\nResult<Event> as_event(Result<T> decoded) {{\n"
        "    if (!decoded) {{\n        return decoded.error();\n    }}\n"
        "    return Event(*std::move(decoded));\n}}\n\n",
        contract.title, contract.compiler, contract.name, byte_list(contract.creation_code));
}

}  // namespace

std::string source_text(const Contract& contract) {
    std::string out = prelude(contract);
    for (const Type& type : contract.structs) {
        out += tuple_code(type);
    }
    out += "}  // namespace\n\n";
    for (const Entry& event : contract.events) {
        out += event_code(event);
    }
    for (const Entry& function : contract.functions) {
        out += function_code(function);
    }
    for (const Entry& error : contract.errors) {
        out += encode_selected(error) + decode_selected(error, "invalid_revert");
    }
    return out + contract_code(contract) +
           fmt::format("}}  // namespace lamda::contracts::{}\n", contract.name);
}

}  // namespace lamda::abigen
