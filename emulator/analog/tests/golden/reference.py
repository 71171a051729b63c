#!/usr/bin/env python3
"""Solutions of the equations of analog-core 3 and 4 by SciPy (DOP853, rtol 1e-12), written from the specification alone.

Usage: python3 reference.py > reference.json     (made with SciPy 1.17.1)

The cases: the eight firing patterns of analog-core 10.1 in their own units; the same on a chip circuit with saturations,
finite reset (the exponential paused), comparator delay and pulse-shaped b; a membrane with both conductance-based inputs; two compartments and a
star of three with saturating conductances and offsets.
"""
import json
import sys
from math import exp, log, tanh, inf

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

RTOL, ATOL = 1e-12, 1e-14

# name: C pF, g_L nS, E_L mV, V_T mV, Delta_T mV, a nS, tau_w ms, b pA, V_r mV, I pA
PATTERNS = {
    "tonic": (200, 10, -70, -50, 2, 2, 30, 0, -58, 500),
    "adaptation": (200, 12, -70, -50, 2, 2, 300, 60, -58, 500),
    "initial burst": (130, 18, -58, -50, 2, 4, 150, 120, -50, 400),
    "regular bursting": (200, 10, -58, -50, 2, 2, 120, 100, -46, 210),
    "delayed accelerating": (200, 12, -70, -50, 2, -10, 300, 0, -58, 300),
    "delayed bursting": (100, 10, -65, -50, 2, -10, 90, 30, -47, 110),
    "transient": (100, 10, -65, -50, 2, 10, 90, 100, -47, 180),
    "irregular": (100, 12, -60, -50, 2, -11, 130, 30, -48, 160),
}


def sat(g, vlin, x):
    return g * x if vlin == inf else g * vlin * tanh(x / vlin)


def biological(p):
    """Standard equations, ideal reset at 0 mV; spike times in ms."""
    C, gl, el, vt, dt, a, tw, b, vr, current = p

    def f(_, y):
        v, w = y
        return [(-gl * (v - el) + gl * dt * exp((v - vt) / dt) - w + current) / C, (a * (v - el) - w) / tw]

    def cut(_, y):
        return y[0]

    cut.terminal, cut.direction = True, 1
    t, y, spikes = 0.0, [float(el), 0.0], []
    while t < 500:
        s = solve_ivp(f, (t, 500), y, method="DOP853", rtol=RTOL, atol=1e-12, events=cut)
        t = s.t[-1]
        if s.status != 1:
            break
        spikes.append(t)
        y = [float(vr), s.y[1, -1] + b]
    return spikes


def chip(p):
    """The same pattern on a chip circuit; SI units, time in s from the beginning of the current."""
    C, gl, el, vt, dt, a, tw, b, vr, current = p
    kappa = 2.5763e-12 / 200e-12
    volt = lambda mv: 10 * mv * 1e-3 + 1.2
    siemens = kappa * 1e3 * 1e-9
    ampere = kappa * 1e3 * 10 * 1e-12
    q = dict(
        capacitance=kappa * C * 1e-12, leak=siemens * gl, rest=volt(el), current=ampere * current,
        slope=10e-3 * dt, prefactor=2.5e-12, shift=0.415, limit=5e-6,
        reset=15.8e-6, reset_potential=volt(vr), release=-1e-15, threshold=0.8, delay=20e-9,
        clock=8e-9, ticks=100, holdoff=1, linear_range=0.5,
        c_w=2.6e-12, g_w=0.127e-6, reference=0.5, invert_a=a < 0, pulse=256e-9,
    )
    q["onset"] = volt(vt) + q["shift"] - q["slope"] * log(q["leak"] * q["slope"] / q["prefactor"])
    q["g_tau"] = q["c_w"] / (tw * 1e-6)
    q["g_a"] = abs(siemens * a) * q["g_tau"] / q["g_w"]
    q["i_b"] = ampere * b * q["c_w"] / (q["g_w"] * q["pulse"])
    sigma = -1.0 if q["invert_a"] else 1.0

    def f(reset, pulse):
        def inner(_, y):
            v, w = y
            i = sat(q["reset"], q["linear_range"], q["reset_potential"] - v) if reset else sat(
                q["leak"], q["linear_range"], q["rest"] - v)
            if not reset:  # enable_pause
                raw = q["prefactor"] * exp((v - q["onset"] + q["shift"]) / q["slope"])
                i += raw / (1 + raw / q["limit"])
            i += q["current"]
            i -= sat(q["g_w"], 0.5, w - q["reference"])
            if v > 1.25:
                i += (1.25 - v) * 20e-6
            if v < 0.0:
                i += (0.0 - v) * 20e-6
            j = q["g_tau"] * (q["reference"] - w) + sigma * sat(q["g_a"], 0.5, v - q["rest"])
            j += q["i_b"] if pulse else 0.0
            if w > 1.2:
                j += (1.2 - w) * 20e-6
            if w < 0.0:
                j += (0.0 - w) * 20e-6
            return [i / q["capacitance"], j / q["c_w"]]

        return inner

    END, STEP = 500e-6, 10e-6
    samples = []
    t, y, resets = 0.0, [q["rest"], q["reference"]], []
    close = release = arm = pulse_end = inf
    reset = pulse = False
    armed = True
    while t < END:
        nxt = min(close, release, arm, pulse_end, END)

        def cross(_, y):
            return y[0] - q["threshold"]

        cross.terminal, cross.direction = True, 1
        s = solve_ivp(f(reset, pulse), (t, nxt), y, method="DOP853", rtol=RTOL, atol=ATOL, dense_output=True,
                      events=cross if armed else None, max_step=2e-6)
        end = s.t[-1]
        while len(samples) * STEP < end:
            samples.append([float(x) for x in s.sol(len(samples) * STEP)])
        t, y = end, [float(x) for x in s.y[:, -1]]
        if s.status == 1:
            armed, close = False, t + q["delay"]
            continue
        if t == release:
            release, reset = inf, False
            y[0] += q["release"] / q["capacitance"]
        if t == close:
            resets.append(t)
            close, reset, pulse = inf, True, True
            release = t + (q["ticks"] - q["holdoff"]) * q["clock"]
            arm = t + q["ticks"] * q["clock"]
            pulse_end = t + q["pulse"]
        if t == pulse_end:
            pulse_end, pulse = inf, False
        if t == arm:
            arm, armed = inf, True
            if y[0] >= q["threshold"]:
                armed, close = False, t
    return dict(parameters=q, resets=resets, samples=samples)


def conductance_based():
    """Both inputs in conductance-based mode, an offset, saturation, pseudo-leak; charges at given times."""
    q = dict(
        capacitance=2.5763e-12, leak=0.26e-6, rest=0.55, linear_range=0.5,
        line_capacitance=2.5e-12, tau=[6e-6, 9e-6], transconductance=[5.2e-6, 4.7e-6], saturation=[489e-9, 440e-9],
        offset=[1.5e-3, -2e-3], output=[26e-9, 23.5e-9], output_potential=0.6,
        reference=[0.5, 0.6], modulation=[1.0e-6, 1.3e-6], limit=2.0,
        charges=[[1e-6, 0, 60e-15], [3e-6, 0, 120e-15], [4e-6, 1, 90e-15], [20e-6, 1, 250e-15], [30e-6, 0, 700e-15]],
    )

    def f(_, y):
        v = y[0]
        i = sat(q["leak"], q["linear_range"], q["rest"] - v)
        for x, sign in ((0, 1.0), (1, -1.0)):
            gm = q["saturation"][x]
            eff = min(max(gm - sign * q["modulation"][x] * (v - q["reference"][x]), 0.0), q["limit"] * gm)
            drive = q["transconductance"][x] * (y[1 + x] + q["offset"][x])
            i += sign * eff * tanh(drive / gm) + q["output"][x] * (q["output_potential"] - v)
        return [i / q["capacitance"], -y[1] / q["tau"][0], -y[2] / q["tau"][1]]

    t, y, samples, STEP, END = 0.0, [q["rest"], 0.0, 0.0], [], 1e-6, 60e-6
    for when, line, charge in q["charges"] + [[END, 0, 0.0]]:
        s = solve_ivp(f, (t, when), y, method="DOP853", rtol=RTOL, atol=ATOL, dense_output=True, max_step=1e-6)
        while len(samples) * STEP < when - 1e-12:
            samples.append(float(s.sol(len(samples) * STEP)[0]))
        t, y = when, [float(x) for x in s.y[:, -1]]
        y[1 + line] += charge / q["line_capacitance"]
    return dict(parameters=q, samples=samples)


def compartments(star):
    """Two membranes with a saturating conductance, or three that meet on a line without membranes; offsets included."""
    n = 3 if star else 2
    q = dict(
        capacitance=2.5763e-12, leak=0.26e-6, rest=[0.3, 0.9, 0.6][:n], linear_range=0.5,
        conductance=[1.6e-6, 0.9e-6, 2.3e-6][:n], conductance_range=0.2, offset=[4e-3, -7e-3, 11e-3][:n],
        start=[1.1, 0.2, 0.5][:n],
    )
    g = lambda k, line, v: sat(q["conductance"][k], q["conductance_range"], line - v + q["offset"][k])

    def f(_, v):
        i = [sat(q["leak"], q["linear_range"], q["rest"][k] - v[k]) for k in range(n)]
        if star:
            total = lambda line: sum(g(k, line, v[k]) for k in range(n))
            line = brentq(total, min(v) - 1, max(v) + 1, xtol=1e-16, rtol=1e-15)
            i = [i[k] + g(k, line, v[k]) for k in range(n)]
        else:
            # Membrane 0 is shorted to the line, the conductance belongs to membrane 1.
            across = g(1, v[0], v[1])
            i = [i[0] - across, i[1] + across]
        return [x / q["capacitance"] for x in i]

    s = solve_ivp(f, (0, 20e-6), q["start"], method="DOP853", rtol=RTOL, atol=ATOL, dense_output=True, max_step=1e-6)
    samples = [[float(x) for x in s.sol(k * 0.5e-6)] for k in range(40)]
    return dict(parameters=q, samples=samples)


def main():
    result = dict(
        patterns={n: dict(parameters=list(map(float, p)), spikes=biological(p), chip=chip(p)) for n, p in PATTERNS.items()},
        conductance_based=conductance_based(), pair=compartments(False), star=compartments(True),
    )
    json.dump(result, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
