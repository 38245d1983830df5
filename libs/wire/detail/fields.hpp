// Reads the members of a JSON object within bounds; keeps the first breach, with its JSON pointer. Internal
// to wire.
//
// A codec reads all its members and checks for a breach once, at the end: values read after a breach are
// placeholders and must not be used.
// breach are placeholders and must not be used.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "wire/detail/json.hpp"

namespace lamda::wire::detail {

/// ^[A-Za-z_][A-Za-z0-9_]{0,63}$
bool is_variable_name(std::string_view name);

class Fields {
  public:
    /// The arguments outlive this object. @param every receives the first breach of each place as well.
    /// Errors: `invalid_type` if the value is not an object.
    Fields(const Json& value, std::string pointer, std::optional<Error>& failure,
           std::vector<Error>* every = nullptr);

    /// Refuses members other than these: `unknown_field`.
    void only(std::initializer_list<std::string_view> keys);
    /// Refuses the absence of any of these, even if null or a default is allowed: `missing_field`.
    void all(std::initializer_list<std::string_view> keys);

    /// True if present and not null.
    bool has(std::string_view key) const;

    /// Errors of the readers below: `missing_field`, `invalid_type`, `out_of_range`.
    std::int64_t integer(std::string_view key, std::int64_t least, std::int64_t most);
    std::uint32_t uint32(std::string_view key, std::uint32_t least, std::uint32_t most = 0xffffffff);
    std::uint64_t uint64(std::string_view key, std::uint64_t least);  ///< at most 2^53 − 1
    bool boolean(std::string_view key);
    std::string text(std::string_view key, std::size_t least_bytes, std::size_t most_bytes);
    std::optional<std::string> optional_text(std::string_view key, std::size_t most_bytes);
    /// 0x and lowercase hex digits.
    Address lowercase_address(std::string_view key);
    template <class Id>
    Id lowercase_id(std::string_view key) {
        const std::string text = this->text(key, 0, 256);
        auto parsed = Id::parse(text);
        return checked(key, parsed && parsed->hex() != text ? lowercase_wanted() : std::move(parsed), Id{});
    }
    /// RFC 3339 in UTC with exactly three decimals of a second: signed content has one form only.
    Timestamp time(std::string_view key);
    /// Refuses a text with U+0000, which neither process arguments nor PostgreSQL can hold.
    void refuse_nul(const std::string& text, std::string_view key);
    std::optional<std::string> optional_cid(std::string_view key);
    /// Index of the value among the names; another value is `invalid_value`, and index 0.
    std::size_t one_of(std::string_view key, std::initializer_list<std::string_view> names);
    std::vector<std::string> texts(std::string_view key, std::size_t most, std::size_t most_bytes_each);
    /// An environment; names match ^[A-Za-z_][A-Za-z0-9_]{0,63}$.
    std::map<std::string, std::string> environment(std::string_view key, std::size_t most);
    /// The object of the key; an empty object after a breach.
    Fields object(std::string_view key);
    const Json& object_value(std::string_view key);

    template <class T>
    T checked(std::string_view key, Result<T> result, T otherwise) {
        if (!result) {
            refuse(result.error().code, result.error().message, key);
            return otherwise;
        }
        return *std::move(result);
    }
    void refuse(std::string code, std::string message, std::string_view key);
    bool failed() const { return failure_.has_value(); }

  private:
    struct Unchecked {};
    /// Reader of an array's elements.
    Fields(const Json& value, std::string pointer, std::optional<Error>& failure, std::vector<Error>* every,
           Unchecked /*any type*/)
        : value_(value), pointer_(std::move(pointer)), failure_(failure), every_(every) {}
    void note(Error error);
    static Error lowercase_wanted();
    const Json* required(std::string_view key);

    const Json& value_;
    std::string pointer_;
    std::optional<Error>& failure_;
    std::vector<Error>* every_;
};

/// Parses a message: an object with `v` = 1, at most 1 MiB.
Result<Json> parse_message(std::string_view text);

}  // namespace lamda::wire::detail
