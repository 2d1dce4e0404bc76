#!/usr/bin/env python3
"""ts_mangle.py COMMAND [ARGUMENT...] IN OUT: damages, or changes, a transport stream of 188-byte packets.

  bits RATE SEED          flips one bit in this share of the bytes
  drop RATE SEED          drops this share of the packets
  drop-one PLACE          drops one packet of the video (PLACE, as all below: 0 to 1, how far into the file)
  drop-psi FROM TO        drops all PATs and PMTs in between
  new-pids PLACE          from there on a new version of the PMT, with other PIDs
  shift TICKS             moves PCR, PTS and DTS, modulo 2^33
  jump PLACE TICKS        the same, from the first picture there on
  hole FROM TO            drops everything in between
  null RATE SEED          puts null packets in between
  no-pcr                  without any PCR
  time-codes              packets of 192 bytes
  cut HEAD TAIL           this many bytes less at each end
"""
import random
import sys

SIZE = 188
WRAP = 1 << 33
VIDEO, AUDIO, PMT = 0x100, 0x101, 0x1000  # as ffmpeg's muxer numbers them


def pid(packet):
    return (packet[1] & 0x1F) << 8 | packet[2]


def set_pid(packet, number):
    packet[1], packet[2] = packet[1] & 0xE0 | number >> 8, number & 0xFF


def payload_at(packet):
    return 5 + packet[4] if packet[3] & 0x20 else 4


def begins(packet):
    return packet[1] & 0x40


def crc32(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc


def move_stamp(packet, at, by):
    b = packet[at : at + 5]
    value = (b[0] >> 1 & 7) << 30 | b[1] << 22 | (b[2] >> 1) << 15 | b[3] << 7 | b[4] >> 1
    value = (value + by) % WRAP
    packet[at : at + 5] = bytes(
        [b[0] & 0xF1 | value >> 30 << 1, value >> 22 & 0xFF, value >> 14 & 0xFE | 1, value >> 7 & 0xFF,
         value << 1 & 0xFE | 1]
    )


def move_times(packet, by):
    if packet[3] & 0x20 and packet[4] and packet[5] & 0x10:
        pcr = int.from_bytes(packet[6:12], "big")
        base = ((pcr >> 15) + by) % WRAP
        packet[6:12] = (base << 15 | pcr & 0x7FFF).to_bytes(6, "big")
    at = payload_at(packet)
    if begins(packet) and packet[3] & 0x10 and packet[at : at + 3] == b"\0\0\1":
        flags = packet[at + 7]
        if flags & 0x80:
            move_stamp(packet, at + 9, by)
        if flags & 0x40:
            move_stamp(packet, at + 14, by)


def new_pids(packet):
    number = pid(packet)
    if number in (VIDEO, AUDIO):
        set_pid(packet, number + 0x80)
    elif number == PMT and begins(packet):
        section = payload_at(packet) + 1 + packet[payload_at(packet)]
        end = section + 3 + ((packet[section + 1] & 0x0F) << 8 | packet[section + 2])
        packet[section + 5] = packet[section + 5] & 0xC1 | (packet[section + 5] + 2) & 0x3E
        pcr = ((packet[section + 8] & 0x1F) << 8 | packet[section + 9]) + 0x80
        packet[section + 8], packet[section + 9] = 0xE0 | pcr >> 8, pcr & 0xFF
        at = section + 12 + ((packet[section + 10] & 0x0F) << 8 | packet[section + 11])
        while at < end - 4:
            stream = ((packet[at + 1] & 0x1F) << 8 | packet[at + 2]) + 0x80
            packet[at + 1], packet[at + 2] = 0xE0 | stream >> 8, stream & 0xFF
            at += 5 + ((packet[at + 3] & 0x0F) << 8 | packet[at + 4])
        packet[end - 4 : end] = crc32(packet[section : end - 4]).to_bytes(4, "big")


def mangle(command, args, data):
    packets = [bytearray(data[at : at + SIZE]) for at in range(0, len(data), SIZE)]
    count = len(packets)

    def place(argument):
        return int(float(argument) * count)

    def next_picture(index):
        while index < count and not (pid(packets[index]) == VIDEO and begins(packets[index])):
            index += 1
        return index

    if command == "bits":
        rate, chance = float(args[0]), random.Random(int(args[1]))
        data = bytearray(data)
        for _ in range(int(rate * len(data))):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        return bytes(data)
    if command == "cut":
        return data[int(args[0]) : len(data) - int(args[1])]
    if command == "drop":
        rate, chance = float(args[0]), random.Random(int(args[1]))
        packets = [p for p in packets if chance.random() >= rate]
    elif command == "drop-one":
        index = place(args[0])
        while pid(packets[index]) != VIDEO or begins(packets[index]):
            index += 1
        del packets[index]
    elif command == "drop-psi":
        between = range(place(args[0]), place(args[1]))
        packets = [p for i, p in enumerate(packets) if i not in between or pid(p) not in (0, PMT)]
    elif command == "hole":
        del packets[place(args[0]) : place(args[1])]
    elif command == "new-pids":
        # The tables come first, as a muxer that is started anew would send them.
        at = next_picture(place(args[0]))
        tables = [next(bytearray(p) for p in packets if pid(p) == number) for number in (0, PMT)]
        packets[at:at] = tables
        for packet in packets[at:]:
            new_pids(packet)
    elif command in ("shift", "jump"):
        start = next_picture(place(args[0])) if command == "jump" else 0
        for packet in packets[start:]:
            move_times(packet, int(args[-1]))
    elif command == "null":
        rate, chance = float(args[0]), random.Random(int(args[1]))
        null = bytes([0x47, 0x1F, 0xFF, 0x10]) + bytes(SIZE - 4)
        packets = [q for p in packets for q in ([null] if chance.random() < rate else []) + [p]]
    elif command == "no-pcr":
        for packet in packets:
            if packet[3] & 0x20 and packet[4] and packet[5] & 0x10:
                packet[5] &= 0xEF
                packet[6:12] = b"\xff" * 6
    elif command == "time-codes":
        packets = [(i * 300).to_bytes(4, "big") + p for i, p in enumerate(packets)]
    else:
        sys.exit(__doc__)
    return b"".join(bytes(p) for p in packets)


def main():
    command, *args, source, target = sys.argv[1:]
    with open(source, "rb") as file:
        data = file.read()
    with open(target, "wb") as file:
        file.write(mangle(command, args, data))


main()
