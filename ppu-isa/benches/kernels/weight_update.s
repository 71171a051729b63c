# Weight update of 256 x 256 synapses by one plasticity processor: 256 rows of 256 columns, two vectors a row.
#
# On the parallel port lie the weights at rows 0..=511, the causal correlation at 512..=1023, the acausal one at
# 1024..=1535. For every synapse: weight += (causal - acausal) / 2, plus one eighth of the way to the homeostatic target,
# clamped to 0..=63 (the range of a weight). r3 counts the updates of the whole array.

        li      r4, 16
        fxvsplatb v8, r4            # target
        li      r4, 63
        fxvsplatb v9, r4            # largest weight
        li      r4, 0
        fxvsplatb v10, r4           # smallest weight
        li      r4, 16
        fxvsplatb v11, r4           # one eighth, as a fraction
        li      r4, 64
        fxvsplatb v12, r4           # one half, as a fraction
update:
        li      r4, 512
        mtctr   r4
        li      r5, 0
        li      r6, 512
        li      r7, 1024
rows:
        fxvinx  v0, 0, r5           # weights
        fxvinx  v1, 0, r6           # causal
        fxvinx  v2, 0, r7           # acausal
        fxvsubbfs v3, v1, v2
        fxvmtacbf v0
        fxvmabfs v4, v3, v12        # weight + difference / 2
        fxvsubbfs v5, v8, v0
        fxvmtacbf v4
        fxvmabfs v4, v5, v11        # + (target - weight) / 8
        fxvcmpb v4
        fxvsel  v4, v4, v10, 2      # negative: smallest
        fxvsubbfs v6, v4, v9
        fxvcmpb v6
        fxvsel  v4, v4, v9, 1       # too large: largest
        fxvoutx v4, 0, r5
        addi    r5, r5, 1
        addi    r6, r6, 1
        addi    r7, r7, 1
        bdnz    rows
        addi    r3, r3, -1
        cmpwi   r3, 0
        bne     update
        wait
