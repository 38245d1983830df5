// The value of one hexadecimal digit.
#pragma once

namespace lamda {

/// 0 … 15 of a hex digit of any case; −1 of anything else.
constexpr int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

}  // namespace lamda
