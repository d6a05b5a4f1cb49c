"""Models of every kind, not too large for weights, to run other counters on.

`small` is the network of `why.py`.
"""

# ruff: noqa: INP001 - a list for a script

from __future__ import annotations

TORCHVISION = (
    *("alexnet", "vgg11", "resnet18", "resnet50", "resnext50_32x4d", "mobilenet_v2"),
    *("mobilenet_v3_large", "efficientnet_b0", "densenet121", "shufflenet_v2_x1_0"),
    *("squeezenet1_0", "inception_v3", "googlenet", "mnasnet1_0", "regnet_y_400mf"),
    *("convnext_tiny", "swin_t", "swin_v2_t", "vit_b_16", "maxvit_t", "deeplabv3_resnet50"),
    *("fcn_resnet50", "lraspp_mobilenet_v3_large", "r3d_18"),
    *("shufflenet_v2_x0_5", "deeplabv3_mobilenet_v3_large", "mc3_18", "mvit_v2_s", "raft_small"),
)
TIMM = (
    *("vit_base_patch16_224", "swin_tiny_patch4_window7_224", "convnext_tiny", "mixer_b16_224"),
    *("coatnet_0_rw_224", "efficientformer_l1", "nfnet_f0", "pvt_v2_b0", "mobilevit_s"),
    *("hrnet_w18_small", "levit_128", "convmixer_768_32"),
    *("ghostnet_100", "edgenext_xx_small", "xcit_nano_12_p16_224", "botnet26t_256"),
    *("lambda_resnet26t", "halonet26t", "tnt_s_patch16_224", "hiera_tiny_224", "volo_d1_224"),
    *("tiny_vit_5m_224", "fastvit_t8", "twins_svt_small", "nest_tiny", "davit_tiny", "resnest14d"),
    *("mambaout_femto", "eva02_tiny_patch14_224", "skresnet18"),
)
TRANSFORMERS = (
    *("bert", "gpt2", "t5", "distilbert", "albert", "vit", "clip", "wav2vec2"),
    *("squeezebert", "electra", "mobilevit", "segformer", "funnel"),
)
SPELLED = (
    "small",
    *(f"torchvision:{name}" for name in TORCHVISION),
    *(f"timm:{name}" for name in TIMM),
    *(f"transformers:{name}" for name in TRANSFORMERS),
)
