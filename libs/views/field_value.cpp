// Values of filters: from the text of a request to a typed parameter.
#include "core/cid.hpp"
#include "core/clock.hpp"
#include "core/u256.hpp"
#include "crypto/address_text.hpp"
#include "views/detail/parsed_query.hpp"
#include "wire/job_state.hpp"

namespace lamda::views::detail {

namespace {

template <class T>
Result<store::Param> as_param(const Result<T>& parsed) {
    if (!parsed) {
        return parsed.error();
    }
    return store::Param(*parsed);
}

template <class T>
Result<store::Param> as_name(const Result<T>& parsed) {
    if (!parsed) {
        return parsed.error();
    }
    return store::Param(std::string(wire::to_string(*parsed)));
}

/// Parses a time. PostgreSQL has no year 0, and an offset may leave the years of RFC 3339.
Result<store::Param> as_time(const std::string& text) {
    const auto parsed = parse_rfc3339(text);
    if (!parsed) {
        return parsed.error();
    }
    static const auto first = parse_rfc3339("0001-01-01T00:00:00Z").value();
    static const auto last = parse_rfc3339("9999-12-31T23:59:59Z").value();
    if (*parsed < first || *parsed > last) {
        return Error{"out_of_range", "a time from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z", ""};
    }
    return store::Param(*parsed);
}

/// Parses the CID of a block that holds a job spec. Returns its digest.
Result<store::Param> as_spec_digest(const std::string& text) {
    const auto cid = Cid::parse(text);
    if (!cid) {
        return cid.error();
    }
    if (cid->codec() != CidCodec::kRaw) {
        return Error{"invalid_cid", "not the CID of a spec, which is a raw block (bafk…)", ""};
    }
    return store::Param(cid->digest());
}

}  // namespace

Result<store::Param> parse_value(FieldType type, const std::string& text) {
    switch (type) {
        case FieldType::kText:
            // PostgreSQL's text cannot hold a NUL.
            if (text.empty() || text.size() > 255 || text.find('\0') != std::string::npos) {
                return Error{"invalid_text", "1 to 255 bytes, none of them NUL", ""};
            }
            return store::Param(text);
        case FieldType::kAddress:
            return as_param(crypto::parse_address(text));
        case FieldType::kBytes32:
            return as_param(Bytes32::parse(text));
        case FieldType::kAmount:
            return as_param(u256_from_decimal(text));
        case FieldType::kBoolean:
            if (text != "true" && text != "false") {
                return Error{"invalid_boolean", "true or false", ""};
            }
            return store::Param(text == "true");
        case FieldType::kTime:
            return as_time(text);
        case FieldType::kStatus:
            return as_name(wire::parse_public_status(text));
        case FieldType::kChainState:
            return as_name(wire::parse_chain_state(text));
        case FieldType::kWorkState:
            return as_name(wire::parse_work_state(text));
        case FieldType::kSpecCid:
            return as_spec_digest(text);
    }
    return Error{"invalid_value", "unknown type", ""};
}

}  // namespace lamda::views::detail
