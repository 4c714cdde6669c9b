from setuptools import setup

NAME = "infernode_servo_ros"

setup(
    name=NAME,
    version="0.2.0",
    packages=[NAME],
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ],
    install_requires=["setuptools", "infernode-servo"],
    zip_safe=True,
    description="Live visual servoing with InferNode: images in, camera velocity out",
    license="MIT",
    entry_points={"console_scripts": [f"servo = {NAME}.servo_node:main"]},
)
